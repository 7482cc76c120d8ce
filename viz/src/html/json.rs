//! JSON inside of HTML: nothing in it can end the script that it stands in.

use std::fmt::Write as _;

/// A value, written already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Json(String);

impl Json {
    pub(super) fn into_text(self) -> String {
        self.0
    }
}

macro_rules! json_of_numbers {
    ($($number:ty)*) => {$(
        impl From<$number> for Json {
            fn from(number: $number) -> Self {
                Json(number.to_string())
            }
        }
    )*};
}
json_of_numbers!(u32 u128 usize bool);

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        let mut json = String::with_capacity(text.len() + 2);
        json.push('"');
        for c in text.chars() {
            match c {
                '"' => json.push_str("\\\""),
                '\\' => json.push_str("\\\\"),
                // `<` and `>` begin and end what HTML understands, and the separators end lines of a script
                '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..=' ' | '\u{7f}'..='\u{9f}' if c != ' ' => {
                    // writing to a string cannot fail
                    let _ = write!(json, "\\u{:04x}", u32::from(c));
                }
                _ => json.push(c),
            }
        }
        json.push('"');
        Json(json)
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        Json::from(text.as_str())
    }
}

impl<T: Into<Json>> FromIterator<T> for Json {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let mut json = String::from("[");
        for (index, item) in items.into_iter().enumerate() {
            if index > 0 {
                json.push(',');
            }
            json.push_str(&item.into().0);
        }
        json.push(']');
        Json(json)
    }
}

/// An object that is being written.
#[derive(Debug, Default)]
pub(super) struct Object(String);

impl Object {
    pub(super) fn add(&mut self, name: &str, value: impl Into<Json>) -> &mut Self {
        self.0.push(if self.0.is_empty() { '{' } else { ',' });
        self.0.push_str(&Json::from(name).0);
        self.0.push(':');
        self.0.push_str(&value.into().0);
        self
    }
}

impl From<Object> for Json {
    fn from(object: Object) -> Self {
        if object.0.is_empty() { Json("{}".to_owned()) } else { Json(object.0 + "}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values() {
        let mut object = Object::default();
        object.add("a", 1_u32).add("b", ["x", "y"].into_iter().collect::<Json>()).add("c", true);
        assert_eq!(Json::from(object).into_text(), r#"{"a":1,"b":["x","y"],"c":true}"#);
        assert_eq!(Json::from(Object::default()).into_text(), "{}");
    }

    #[test]
    fn text_cannot_leave_its_script() {
        let text = Json::from("</script> <!-- \"\\ \u{2028} \n \u{85} é").into_text();
        assert_eq!(text, "\"\\u003c/script\\u003e \\u003c!-- \\\"\\\\ \\u2028 \\u000a \\u0085 é\"");
    }
}
