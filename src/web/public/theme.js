// Before the first paint, and in a file of its own because the policy for content forbids inline scripts.
try {
  const theme = localStorage.getItem('fairlead-theme')
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme
} catch {
  // Without storage the system's preference counts.
}
