//! How rules are written down: each with its words.

/// Makes an enum of rules, with the words for each: what is said of an event that breaks it.
macro_rules! rules {
    ($(#[$meta:meta])* $name:ident { $($rule:ident: $words:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $(#[doc = $words] $rule,)+
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(match self { $($name::$rule => $words,)+ })
            }
        }
    };
}
pub(super) use rules;

/// The rule is kept if that holds.
pub(super) fn ensure<R>(holds: bool, rule: R) -> Result<(), R> {
    if holds { Ok(()) } else { Err(rule) }
}
