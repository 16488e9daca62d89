//! What a text rests on: Converse's citations in the words of Anthropic's messages. They say the same of documents and search
//! results; of pages on the web Converse knows the address only.

use crate::json::{JsonText, View};

/// How a kind of place is told.
struct Place {
    /// Converse's word for it.
    word: &'static str,
    /// The type.
    kind: &'static str,
    /// The number of the document or search result, there and here.
    number: (&'static str, &'static str),
    /// Where the cited part begins and ends.
    span: [&'static str; 2],
}

const DOCUMENT: (&str, &str) = ("documentIndex", "document_index");
const BLOCKS: [&str; 2] = ["start_block_index", "end_block_index"];

const PLACES: [Place; 4] = [
    Place {
        word: "documentChar",
        kind: "char_location",
        number: DOCUMENT,
        span: ["start_char_index", "end_char_index"],
    },
    Place {
        word: "documentPage",
        kind: "page_location",
        number: DOCUMENT,
        span: ["start_page_number", "end_page_number"],
    },
    Place { word: "documentChunk", kind: "content_block_location", number: DOCUMENT, span: BLOCKS },
    Place {
        word: "searchResultLocation",
        kind: "search_result_location",
        number: ("searchResultIndex", "search_result_index"),
        span: BLOCKS,
    },
];

/// Writes a citation.
pub(super) fn write(citation: View<'_>, json: &mut JsonText) {
    let location = citation.get("location").and_then(|location| location.members().next());
    let known = location.as_ref().and_then(|(key, _)| PLACES.iter().find(|place| *key == place.word));
    let title = citation.get("title").map_or("null", |title| title.raw());
    json.object(|json| {
        match (known, &location) {
            (Some(place), Some((_, told))) => {
                json.key("type").text(place.kind);
                let (start, end) = (("start", place.span[0]), ("end", place.span[1]));
                for (from, to) in [place.number, start, end] {
                    json.key(to).raw(told.get(from).map_or("0", |number| number.raw()));
                }
                if place.number == DOCUMENT {
                    json.key("document_title").raw(title);
                } else {
                    json.key("title").raw(title);
                    json.key("source").raw(citation.get("source").map_or("\"\"", |source| source.raw()));
                }
            }
            (_, location) => {
                let url = location.as_ref().and_then(|(_, told)| told.get("url"));
                json.key("type").text("web_search_result_location");
                json.key("url").raw(url.map_or("\"\"", |url| url.raw()));
                json.key("title").raw(title);
                json.key("encrypted_index").text("");
            }
        }
        let cited = citation.get("sourceContent").into_iter().flat_map(|content| content.items());
        let cited: String = cited.filter_map(|one| Some(one.get("text")?.text()?.into_owned())).collect();
        json.key("cited_text").text(&cited);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(citation: &str) -> serde_json::Value {
        let mut json = JsonText::default();
        write(View::of_text(citation), &mut json);
        serde_json::from_slice(&json.into_bytes()).unwrap()
    }

    #[test]
    fn each_kind_of_place_is_told_in_the_formats_words() {
        let page = told(
            r#"{"location":{"documentPage":{"documentIndex":1,"start":2,"end":3}},"title":"t","sourceContent":[{"text":"a "},{"text":"b"}]}"#,
        );
        let wanted = serde_json::json!({"type": "page_location", "document_index": 1, "start_page_number": 2,
            "end_page_number": 3, "document_title": "t", "cited_text": "a b"});
        assert_eq!(page, wanted);
        let found = told(
            r#"{"location":{"searchResultLocation":{"searchResultIndex":0,"start":0,"end":1}},"title":"t","source":"https://example.org"}"#,
        );
        assert_eq!(
            (&found["type"], &found["source"]),
            (&"search_result_location".into(), &"https://example.org".into())
        );
        let web = told(r#"{"location":{"web":{"url":"https://example.org"}}}"#);
        assert_eq!((&web["url"], &web["title"]), (&"https://example.org".into(), &serde_json::Value::Null));
    }
}
