//! Writes JSON text. What came as JSON goes on as it was written: schemas keep their order, numbers their digits.

/// JSON on its way. Commas are its own business; brackets close with the closure that fills them.
#[derive(Debug, Default)]
pub struct JsonText {
    bytes: Vec<u8>,
    /// Whether a value stands before the next one on this level.
    begun: bool,
}

impl JsonText {
    /// Goes on at the end of what is there, as if nothing were.
    #[must_use]
    pub const fn after(bytes: Vec<u8>) -> Self {
        Self { bytes, begun: false }
    }

    /// An object of what the closure writes.
    pub fn object(&mut self, fill: impl FnOnce(&mut Self)) {
        self.nest(b'{', b'}', fill);
    }

    /// An array of what the closure writes.
    pub fn array(&mut self, fill: impl FnOnce(&mut Self)) {
        self.nest(b'[', b']', fill);
    }

    fn nest(&mut self, open: u8, close: u8, fill: impl FnOnce(&mut Self)) {
        self.step();
        self.bytes.push(open);
        self.begun = false;
        fill(self);
        self.bytes.push(close);
        self.begun = true;
    }

    fn step(&mut self) {
        if self.begun {
            self.bytes.push(b',');
        }
        self.begun = true;
    }

    /// A member's name; its value is to follow.
    pub fn key(&mut self, name: &str) -> &mut Self {
        self.text(name);
        self.bytes.push(b':');
        self.begun = false;
        self
    }

    /// What the closure writes, unless it says that it came to nothing: then it is taken back.
    pub fn unless_empty(&mut self, write: impl FnOnce(&mut Self) -> bool) {
        let (length, begun) = (self.bytes.len(), self.begun);
        if !write(self) {
            self.bytes.truncate(length);
            self.begun = begun;
        }
    }

    /// A string.
    pub fn text(&mut self, text: &str) {
        self.step();
        // Writing to memory cannot fail.
        let _ = serde_json::to_writer(&mut self.bytes, text);
    }

    /// A value that is JSON already.
    pub fn raw(&mut self, json: &str) {
        self.step();
        self.bytes.extend_from_slice(json.as_bytes());
    }

    /// A whole number.
    pub fn count(&mut self, count: u64) {
        self.raw(&count.to_string());
    }

    /// True or false.
    pub fn flag(&mut self, flag: bool) {
        self.raw(if flag { "true" } else { "false" });
    }

    /// Null.
    pub fn null(&mut self) {
        self.raw("null");
    }

    /// What was written.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_stand_between_values_and_nowhere_else() {
        let mut json = JsonText::default();
        json.object(|json| {
            json.key("a").array(|json| {
                json.count(1);
                json.object(|_| ());
                json.text("q\"\n");
            });
            json.key("b").raw("0.70");
            json.key("c").flag(true);
            json.unless_empty(|json| {
                json.key("nothing").array(|_| ());
                false
            });
            json.unless_empty(|json| {
                json.key("d").null();
                true
            });
        });
        let text = String::from_utf8(json.into_bytes()).unwrap();
        assert_eq!(text, r#"{"a":[1,{},"q\"\n"],"b":0.70,"c":true,"d":null}"#);
    }
}
