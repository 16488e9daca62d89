//! Embeds the files of the pages: hashes their names, compresses them, and writes the table `src/asset.rs` includes.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io, process};

/// The style sheet is these, in this order: the order of the cascade's layers.
const STYLES: [&str; 6] = ["tokens", "base", "layout", "form", "data", "chart"];

/// What a style sheet says as well with fewer spaces.
const TIGHTER: [(&str, &str); 8] =
    [("\n", ""), (" {", "{"), ("{ ", "{"), ("; ", ";"), (" }", "}"), (";}", "}"), (": ", ":"), (", ", ",")];

/// The icons of the sprite.
const ICONS: &str = include_str!("assets/icons.txt");

fn main() {
    if let Err(failure) = embed() {
        println!("cargo::error={failure}");
        process::exit(1);
    }
}

fn embed() -> Result<(), String> {
    println!("cargo::rerun-if-changed=assets");
    println!("cargo::rerun-if-changed=build.rs");
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    let mut table = Table { out, rows: String::new() };
    let font = table.add("inter.woff2", "font/woff2", &read("vendor/inter.woff2")?)?;
    table.add("app.css", "text/css; charset=utf-8", styles(&font)?.as_bytes())?;
    table.add("app.js", "text/javascript; charset=utf-8", squeezed(&text("js/app.js")?, "//").as_bytes())?;
    table.add("htmx.js", "text/javascript; charset=utf-8", &read("vendor/htmx.js")?)?;
    table.add("hx-sse.js", "text/javascript; charset=utf-8", &read("vendor/hx-sse.js")?)?;
    table.add("favicon.svg", "image/svg+xml", &read("favicon.svg")?)?;
    table.finish(&symbols()?)
}

struct Table {
    out: PathBuf,
    rows: String,
}

impl Table {
    /// Writes one file beside the table and answers the address it will be served at.
    fn add(&mut self, name: &str, mime: &str, bytes: &[u8]) -> Result<String, String> {
        let (stem, end) = name.split_once('.').ok_or_else(|| format!("{name} has no ending"))?;
        let path = format!("/assets/{stem}.{:012x}.{end}", fnv(bytes) >> 16);
        let packed = gzip(bytes).map_err(|e| format!("cannot compress {name}: {e}"))?;
        let smaller = packed.len() + packed.len() / 20 < bytes.len();
        self.write(name, bytes)?;
        let gzip = if smaller {
            self.write(&format!("{name}.gz"), &packed)?;
            format!("Some(include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{name}.gz\")))")
        } else {
            "None".to_owned()
        };
        let _ = writeln!(
            self.rows,
            "    Asset {{ name: {name:?}, path: {path:?}, mime: {mime:?}, \
             bytes: include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{name}\")), gzip: {gzip} }},"
        );
        Ok(path)
    }

    fn finish(&self, symbols: &str) -> Result<(), String> {
        let source = format!(
            "/// All embedded files.\nconst ASSETS: &[Asset] = &[\n{}];\n\n\
             /// All icons, each with its symbol.\npub(crate) const SYMBOLS: &[(&str, &str)] = &[\n{symbols}];\n",
            self.rows
        );
        self.write("assets.rs", source.as_bytes())
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), String> {
        fs::write(self.out.join(name), bytes).map_err(|e| format!("cannot write {name}: {e}"))
    }
}

fn styles(font: &str) -> Result<String, String> {
    let mut all = String::new();
    for name in STYLES {
        all.push_str(&squeezed(&text(&format!("css/{name}.css"))?, "\0"));
    }
    for (loose, tight) in TIGHTER {
        all = all.replace(loose, tight);
    }
    Ok(all.replace("/assets/inter.woff2", font))
}

/// The rows of the table of icons: name and symbol.
fn symbols() -> Result<String, String> {
    let mut rows = String::new();
    for name in ICONS.split_whitespace() {
        let icon = text(&format!("vendor/icons/{name}.svg"))?;
        let inner = icon
            .split_once("<svg")
            .and_then(|(_, rest)| rest.split_once('>'))
            .and_then(|(_, rest)| rest.split_once("</svg>"))
            .map(|(inner, _)| inner.split('\n').map(str::trim).collect::<String>())
            .ok_or_else(|| format!("the icon {name} is not an SVG file"))?;
        let symbol = format!("<symbol id=\"icon-{name}\" viewBox=\"0 0 24 24\">{inner}</symbol>");
        let _ = writeln!(rows, "    ({name:?}, {symbol:?}),");
    }
    Ok(rows)
}

/// Leaves out indentation, empty lines, comment blocks and comment lines that start with `mark`.
fn squeezed(source: &str, mark: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    while let Some((before, after)) = rest.split_once("/*") {
        out.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, tail)| tail);
    }
    out.push_str(rest);
    out.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with(mark)).fold(
        String::new(),
        |mut all, line| {
            all.push_str(line);
            all.push('\n');
            all
        },
    )
}

fn text(name: &str) -> Result<String, String> {
    String::from_utf8(read(name)?).map_err(|_| format!("web/assets/{name} is not UTF-8"))
}

fn read(name: &str) -> Result<Vec<u8>, String> {
    let path = Path::new("assets").join(name);
    fs::read(&path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound if name.starts_with("vendor/") => {
            format!("web/assets/{name} is missing: run `make assets`")
        }
        _ => format!("cannot read web/assets/{name}: {error}"),
    })
}

fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes)?;
    encoder.finish()
}

/// FNV-1a, 64 bits: enough to tell two versions of a file apart.
fn fnv(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
