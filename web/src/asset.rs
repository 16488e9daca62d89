//! The files a page needs, embedded, under names that change with their content.
//!
//! The table is written by `build.rs`. A file under its hashed name never changes, so it is served as immutable.

/// One embedded file.
#[derive(Debug)]
pub struct Asset {
    /// Its plain name: `app.css`.
    pub name: &'static str,
    /// Where it is served: `/assets/app.0123456789ab.css`.
    pub path: &'static str,
    /// Its media type.
    pub mime: &'static str,
    /// The file.
    pub bytes: &'static [u8],
    /// The file compressed with gzip, where that makes it smaller.
    pub gzip: Option<&'static [u8]>,
}

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// What a file under `/assets/` is served with.
pub const CACHE_CONTROL: &str = "public, max-age=31536000, immutable";

/// The policy every page is sent with: our own files only, nothing inline.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' data:; connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; \
     frame-ancestors 'none'";

/// All embedded files.
#[must_use]
pub fn all() -> &'static [Asset] {
    ASSETS
}

/// The file served at `path` (`/assets/app.0123456789ab.css`).
#[must_use]
pub fn find(path: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.path == path)
}

/// Where the file called `name` is served; a name that does not exist leads to nothing.
#[must_use]
pub fn path(name: &str) -> &'static str {
    ASSETS.iter().find(|asset| asset.name == name).map_or("/assets/missing", |asset| asset.path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_a_page_names_is_embedded() {
        for name in ["app.css", "app.js", "htmx.js", "hx-sse.js", "inter.woff2", "favicon.svg"] {
            assert!(find(path(name)).is_some(), "{name} is not embedded");
        }
    }

    #[test]
    fn our_own_files_keep_within_their_budget_on_the_wire() {
        let size = |name: &str| find(path(name)).and_then(|asset| asset.gzip).map_or(usize::MAX, <[u8]>::len);
        assert!(size("app.css") <= 14 * 1024, "app.css is {} bytes", size("app.css"));
        assert!(size("app.js") <= 8 * 1024, "app.js is {} bytes", size("app.js"));
        let script = size("app.js") + size("htmx.js") + size("hx-sse.js");
        assert!(script <= 30 * 1024, "scripts are {script} bytes");
    }

    #[test]
    fn the_style_sheet_names_the_font_by_its_hashed_name() {
        let css = find(path("app.css")).map(|asset| String::from_utf8_lossy(asset.bytes)).unwrap();
        assert!(css.contains(path("inter.woff2")));
    }
}
