//! What the compiler says to those who have not read the manual.

/// Run with `TRYBUILD=overwrite` to see what has changed, and read it as one of them.
#[test]
fn messages() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
