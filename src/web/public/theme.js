// Runs before the first paint. The content security policy forbids inline scripts.
try {
  const theme = localStorage.getItem('fairlead-theme')
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme
} catch {
  // Without storage, the preference of the system applies.
}
