//! Every error the product can tell has a page that says what to do.

use weir_web::help;

use super::source::{is_test, rust};

/// What makes an error of the gateway's own, each followed by its code.
const MAKERS: [&str; 4] = ["::invalid(", "::client(", "ApiError::new(", "match failure.fault.kind {"];

fn literals(text: &str) -> Vec<&str> {
    text.split('"').skip(1).step_by(2).collect()
}

fn is_code(text: &str) -> bool {
    let is_class = text.ends_with("_request_error")
        || ["api_error", "permission_error", "rate_limit_error"].contains(&text);
    !text.is_empty() && !is_class && text.chars().all(|c| c.is_ascii_lowercase() || c == '_')
}

#[test]
fn every_problem_of_the_control_plane_has_a_help_page() {
    let mut seen = 0;
    for source in rust().iter().filter(|source| source.path.starts_with("controlplane/")) {
        let Some((_, after)) = source.text.split_once("const fn slug(&self)") else { continue };
        let body = after.split("\n    }\n").next().unwrap_or_default();
        for slug in literals(body) {
            assert!(help::error(slug).is_some(), "{}: `{slug}` leads nowhere", source.path);
            seen += 1;
        }
    }
    assert!(seen > 15, "only {seen} names of problems were found: where are they now?");
}

#[test]
fn every_code_of_the_gateway_has_a_help_page() {
    let mut seen = 0;
    for source in rust().iter().filter(|source| source.path.starts_with("gateway/") && !is_test(&source.path))
    {
        let product = source.text.split("#[cfg(test)]").next().unwrap_or_default();
        for maker in MAKERS {
            for after in product.split(maker).skip(1) {
                let call = after.split(';').next().unwrap_or_default();
                if let Some(code) = literals(call).into_iter().find(|text| is_code(text)) {
                    assert!(help::error(code).is_some(), "{}: `{code}` leads nowhere", source.path);
                    seen += 1;
                }
            }
        }
    }
    assert!(seen > 12, "only {seen} codes were found: where are they now?");
}
