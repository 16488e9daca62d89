//! The cities a prompt names, so that "the weather in Paris and Oslo" is two calls of the weather tool.

const CITIES: [&str; 24] = [
    "Amsterdam",
    "Athens",
    "Berlin",
    "Boston",
    "Cairo",
    "Chicago",
    "Dublin",
    "Lagos",
    "Lima",
    "Lisbon",
    "London",
    "Madrid",
    "Mumbai",
    "New York",
    "Oslo",
    "Paris",
    "Rome",
    "San Francisco",
    "Seattle",
    "Seoul",
    "Sydney",
    "Tokyo",
    "Toronto",
    "Vienna",
];

/// The cities in the text, in the order they are named, each once.
pub(super) fn cities(text: &str) -> Vec<&'static str> {
    let mut found: Vec<(usize, &str)> =
        CITIES.iter().filter_map(|city| text.find(city).map(|at| (at, *city))).collect();
    found.sort_unstable();
    found.into_iter().map(|(_, city)| city).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cities_come_in_the_order_they_are_named() {
        assert_eq!(cities("weather in Tokyo, Paris and Tokyo"), ["Tokyo", "Paris"]);
        assert!(cities("no place at all").is_empty());
    }
}
