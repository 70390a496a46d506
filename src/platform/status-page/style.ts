import { componentStateWords, type StatusTheme } from '#contract/status-page/status-page.ts'

/** The colours of the page itself, behind its text. */
export const backgrounds = { light: '#ffffff', dark: '#14171a' } as const

/** The style sheet; the policy of the page permits it by its hash. Pure. */
export const styleOf = ({ logo, colors }: StatusTheme = {}): string =>
  style + (logo === undefined ? '' : logoStyle) + (colors === undefined ? '' : colorStyle(colors))

const logoStyle = '.logo{display:block;max-width:100%;max-height:3rem;margin:0 0 1rem}\n'

const colorStyle = ({ light, dark }: { light: string; dark: string }): string =>
  `:root{--own:${light}}@media(prefers-color-scheme:dark){:root{--own:${dark}}}
body{border-top:.375rem solid var(--own)}a{color:var(--own)}
button{background:var(--own);border-color:var(--own)}
`

const style = `
:root{color-scheme:light dark;--bg:${backgrounds.light};
--fg:#1a1d21;--soft:#565d66;--line:#d9dde2;--none:#e3e6ea;
--operational:#1a7f4b;--degraded:#8f6200;--partial_outage:#b34700;--major_outage:#c1272d;
--maintenance:#2a62b8;--unknown:#666d76}
@media(prefers-color-scheme:dark){:root{--bg:${backgrounds.dark};
--fg:#eceff2;--soft:#a5adb6;--line:#343a41;
--none:#2a2f35;--operational:#43c383;--degraded:#e0b040;--partial_outage:#ff9750;
--major_outage:#ff7b7f;--maintenance:#79aef5;--unknown:#a5adb6}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--fg);font:16px/1.5 system-ui,sans-serif}
main{max-width:46rem;margin:0 auto;padding:1.5rem 1rem}
h1{font-size:1.5rem;line-height:1.25;margin:0 0 .25rem;overflow-wrap:anywhere}
h2{font-size:1.1rem;margin:2rem 0 .5rem}h3,h4{font-size:1rem;margin:0;overflow-wrap:anywhere}
section{border-left:.25rem solid var(--line);padding-left:1rem;margin:1rem 0}
main.embed{padding:.5rem .75rem}
section>ul{margin-top:.5rem}
p{margin:.25rem 0}.name{font-weight:600;margin:0 0 .75rem;overflow-wrap:anywhere}
.soft{color:var(--soft);font-size:.875rem}ul{list-style:none;margin:0;padding:0}
li{border-top:1px solid var(--line);padding:.75rem 0}
.head{display:flex;flex-wrap:wrap;gap:.25rem 1rem;justify-content:space-between}
.state{font-weight:600}svg{display:block;width:100%;height:1.5rem;margin-top:.5rem}
a{color:inherit}article{border:1px solid var(--line);border-left:.25rem solid currentcolor;
border-radius:.25rem;padding:.75rem 1rem;margin:.75rem 0}article>*{color:var(--fg)}
article .soft{color:var(--soft)}
article>div+div{margin-top:.75rem}
.words{overflow-wrap:anywhere}.words ul,.words ol{list-style:revert;
padding-left:1.25rem;margin:.25rem 0}.words li{border:0;padding:0}pre{white-space:pre-wrap;margin:0}
blockquote{margin:.25rem 0;padding-left:.75rem;border-left:2px solid var(--line)}
input,select,button{font:inherit;color:inherit;background:var(--bg);border:1px solid var(--soft);
border-radius:.25rem;padding:.375rem .75rem;max-width:100%}
input[type=email],input[type=url],input[type=password]{width:24rem}
button{background:var(--fg);color:var(--bg);cursor:pointer}
fieldset{border:0;padding:0;margin:1rem 0}
a:focus-visible,input:focus-visible,select:focus-visible,button:focus-visible{
outline:2px solid;outline-offset:2px}
${Object.keys(componentStateWords)
  .map((state) => `.${state}{color:var(--${state});fill:var(--${state})}`)
  .join('\n')}
.none{fill:var(--none)}
`
