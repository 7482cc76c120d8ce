//! How structs are read whose fields go straight to where they belong: nothing is put together only to be taken apart.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Unexpected, Visitor,
};

/// A place for the fields of a struct. Formats that know their names give them in any order, all others in that of
/// [`FIELDS`](Place::FIELDS).
pub(crate) trait Place<'de> {
    /// What the struct is called in formats that tell it.
    const NAME: &'static str;
    /// What is missing where something else stands in its place.
    const EXPECTING: &'static str;
    /// All fields, in the order in which they are written.
    const FIELDS: &'static [&'static str];
    /// The fields that may be missing.
    const OPTIONAL: &'static [&'static str];

    /// Takes the value of one of the fields.
    fn take<V: Value<'de>>(&mut self, field: &'static str, value: V) -> Result<(), V::Error>;
}

/// The value of a field, which is read as whatever it is to be.
pub(crate) trait Value<'de>: Sized {
    type Error: Error;

    /// Reads it into the place of the seed.
    fn seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Self::Error>;

    /// Reads it.
    fn get<T: Deserialize<'de>>(self) -> Result<T, Self::Error> {
        self.seed(PhantomData)
    }
}

/// Reads a struct into its place.
pub(crate) struct Fill<'p, P>(pub(crate) &'p mut P);

/// Reads a list of structs into one place, one after another, and calls `then` after each.
pub(crate) struct Each<'p, P, F> {
    pub(crate) place: &'p mut P,
    pub(crate) then: F,
}

/// Reads a list behind what a vector holds already.
pub(crate) struct Append<'v, T>(pub(crate) &'v mut Vec<T>);

/// Reads a text into a string, whose memory is used again.
pub(crate) struct Text<'s>(pub(crate) &'s mut String);

impl<'de, P: Place<'de>> DeserializeSeed<'de> for Fill<'_, P> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_struct(P::NAME, P::FIELDS, self)
    }
}

impl<'de, P: Place<'de>> Visitor<'de> for Fill<'_, P> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(P::EXPECTING)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = 0_u32; // a bit for each field
        while let Some(at) = map.next_key_seed(Key(P::FIELDS))? {
            if seen & 1 << at != 0 {
                return Err(A::Error::duplicate_field(P::FIELDS[at]));
            }
            seen |= 1 << at;
            self.0.take(P::FIELDS[at], InMap(&mut map))?;
        }
        let is_missing = |(at, field): &(usize, &&str)| seen & 1 << at == 0 && !P::OPTIONAL.contains(field);
        match P::FIELDS.iter().enumerate().find(is_missing) {
            Some((_, field)) => Err(A::Error::missing_field(field)),
            None => Ok(()),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        for (at, field) in P::FIELDS.iter().enumerate() {
            let mut has_ended = false;
            let value = InSequence { seq: &mut seq, at, expecting: P::EXPECTING, has_ended: &mut has_ended };
            match self.0.take(field, value) {
                Err(_) if has_ended && P::OPTIONAL.contains(field) => {}
                taken => taken?,
            }
        }
        Ok(())
    }
}

impl<'de, P: Place<'de>, F: FnMut(&mut P)> DeserializeSeed<'de> for Each<'_, P, F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, P: Place<'de>, F: FnMut(&mut P)> Visitor<'de> for Each<'_, P, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a sequence")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element_seed(Fill(self.place))?.is_some() {
            (self.then)(self.place);
        }
        Ok(())
    }
}

impl<'de, T: Deserialize<'de>> DeserializeSeed<'de> for Append<'_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for Append<'_, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a sequence")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while let Some(element) = seq.next_element()? {
            self.0.push(element);
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Text<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Text<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.0.clear();
        self.0.push_str(text);
        Ok(())
    }
}

struct InMap<'a, A>(&'a mut A);

impl<'de, A: MapAccess<'de>> Value<'de> for InMap<'_, A> {
    type Error = A::Error;

    fn seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, A::Error> {
        self.0.next_value_seed(seed)
    }
}

struct InSequence<'a, A> {
    seq: &'a mut A,
    at: usize,
    expecting: &'static str,
    /// Set where there is no such field any more.
    has_ended: &'a mut bool,
}

impl<'de, A: SeqAccess<'de>> Value<'de> for InSequence<'_, A> {
    type Error = A::Error;

    fn seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, A::Error> {
        let value = self.seq.next_element_seed(seed)?;
        *self.has_ended = value.is_none();
        value.ok_or_else(|| A::Error::invalid_length(self.at, &self.expecting))
    }
}

/// Which of these fields it is: some formats tell its place instead of its name.
struct Key(&'static [&'static str]);

impl<'de> DeserializeSeed<'de> for Key {
    type Value = usize;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<usize, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for Key {
    type Value = usize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("field identifier")
    }

    fn visit_u64<E: Error>(self, at: u64) -> Result<usize, E> {
        let known = usize::try_from(at).ok().filter(|at| *at < self.0.len());
        known.ok_or_else(|| E::invalid_value(Unexpected::Unsigned(at), &"the place of a field"))
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<usize, E> {
        let known = self.0.iter().position(|field| *field == name);
        known.ok_or_else(|| E::unknown_field(name, self.0))
    }

    fn visit_bytes<E: Error>(self, name: &[u8]) -> Result<usize, E> {
        self.visit_str(&String::from_utf8_lossy(name))
    }
}

#[cfg(all(test, feature = "journal"))] // which has a format at hand
mod tests {
    use super::*;

    /// A place with a number that must be there and one that need not.
    #[derive(Debug, Default, PartialEq, Eq)]
    struct Pair(u32, Option<u32>);

    impl<'de> Place<'de> for Pair {
        const NAME: &'static str = "Pair";
        const EXPECTING: &'static str = "a pair";
        const FIELDS: &'static [&'static str] = &["one", "two"];
        const OPTIONAL: &'static [&'static str] = &["two"];

        fn take<V: Value<'de>>(&mut self, field: &'static str, value: V) -> Result<(), V::Error> {
            match field {
                "one" => self.0 = value.get()?,
                _ => self.1 = value.get()?,
            }
            Ok(())
        }
    }

    #[track_caller]
    fn check(text: &str, expected: Result<Pair, &str>) {
        let mut pair = Pair::default();
        let read = Fill(&mut pair).deserialize(&mut serde_json::Deserializer::from_str(text));
        let read = read.map(|()| pair).map_err(|error| error.to_string());
        match (read, expected) {
            (Err(error), Err(part)) => assert!(error.starts_with(part), "{error}"),
            (read, expected) => assert_eq!(read, expected.map_err(str::to_owned)),
        }
    }

    #[test]
    fn fields_come_in_any_order_or_by_their_place() {
        check(r#"{"one": 1, "two": 2}"#, Ok(Pair(1, Some(2))));
        check(r#"{"two": 2, "one": 1}"#, Ok(Pair(1, Some(2))));
        check(r#"{"one": 1}"#, Ok(Pair(1, None)));
        check(r#"{"one": 1, "two": null}"#, Ok(Pair(1, None)));
        check("[1, 2]", Ok(Pair(1, Some(2))));
        check("[1]", Ok(Pair(1, None)));
    }

    #[test]
    fn what_is_wrong_with_fields_is_told() {
        check("[]", Err("invalid length 0, expected a pair"));
        check("{}", Err("missing field `one`"));
        check(r#"{"two": 2}"#, Err("missing field `one`"));
        check(r#"{"one": 1, "one": 1}"#, Err("duplicate field `one`"));
        check(r#"{"three": 3}"#, Err("unknown field `three`, expected `one` or `two`"));
        check(r#"{"one": "1"}"#, Err("invalid type: string \"1\", expected u32"));
        check("[1, true]", Err("invalid type: boolean `true`, expected u32"));
        check("7", Err("invalid type: integer `7`, expected a pair"));
        check("[1, 2, 3]", Err("trailing characters"));
    }

    #[test]
    fn a_list_is_read_into_one_place_and_texts_into_one_string() {
        let (mut pair, mut pairs) = (Pair::default(), Vec::new());
        let then = |pair: &mut Pair| pairs.push(std::mem::take(pair));
        let each = Each { place: &mut pair, then };
        each.deserialize(&mut serde_json::Deserializer::from_str(r#"[[1], {"one": 2}, [3, 4]]"#)).unwrap();
        assert_eq!(pairs, [Pair(1, None), Pair(2, None), Pair(3, Some(4))]);

        let (mut numbers, mut text) = (vec![1], "before".to_owned());
        Append(&mut numbers).deserialize(&mut serde_json::Deserializer::from_str("[2, 3]")).unwrap();
        Text(&mut text).deserialize(&mut serde_json::Deserializer::from_str(r#""a\nb""#)).unwrap();
        assert_eq!((numbers, text.as_str()), (vec![1, 2, 3], "a\nb"));
    }
}
