//! What one Rust file says about others: its modules, what it declares, which paths it uses. Read as tokens, so that
//! comments, texts and docs do not count, and the inside of macros does.

use std::collections::BTreeSet;
use std::iter::Peekable;
use std::vec::IntoIter;

use anyhow::Result;
use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

/// One file, read.
#[derive(Debug, Default)]
pub(crate) struct Source {
    /// The modules that are files of their own, in the order in which they stand.
    pub(crate) modules: Vec<Module>,
    /// Names of the items that stand in this file itself, outside of functions.
    pub(crate) declared: BTreeSet<String>,
    /// What `use` brings into this file, outside of functions and of modules inside of the file.
    pub(crate) imports: Vec<Import>,
    /// Every path that may lead to another file, seen from the module that the file is.
    pub(crate) paths: Vec<UsedPath>,
    /// Methods that the file adds to types, apart from those of traits.
    pub(crate) methods: Vec<Method>,
    /// Every `.name` and `::name`, with its line.
    pub(crate) calls: Vec<(String, usize)>,
    /// Names that stand anywhere but in a `use`.
    pub(crate) mentioned: BTreeSet<String>,
}

/// A `mod name;`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Module {
    pub(crate) name: String,
    /// From `#[path = ".."]`.
    pub(crate) path: Option<String>,
}

/// One name that a `use` makes known; `*` for all of a module.
#[derive(Debug)]
pub(crate) struct Import {
    pub(crate) name: String,
    pub(crate) path: Vec<String>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct UsedPath {
    pub(crate) segments: Vec<String>,
    pub(crate) line: usize,
    /// The name that a `pub use` hands on. If the file itself does not mention it, that is no use.
    pub(crate) handed_on: Option<String>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Method {
    pub(crate) on: String,
    pub(crate) name: String,
}

impl Source {
    pub(crate) fn read(text: &str) -> Result<Self> {
        let tokens: TokenStream = text.parse().map_err(|error| anyhow::anyhow!("not Rust: {error}"))?;
        let mut reader = Reader { source: Source::default() };
        reader.items(tokens, 0);
        Ok(reader.source)
    }
}

struct Reader {
    source: Source,
}

type Tokens = Peekable<IntoIter<TokenTree>>;

fn walk(stream: TokenStream) -> Tokens {
    stream.into_iter().collect::<Vec<_>>().into_iter().peekable()
}

/// The keywords behind which a new name stands.
const DECLARE: [&str; 9] =
    ["struct", "enum", "union", "trait", "type", "const", "static", "fn", "macro_rules"];

impl Reader {
    /// The items of the file, or of a module inside of it that is `depth` modules deep.
    fn items(&mut self, stream: TokenStream, depth: usize) {
        let mut tokens = walk(stream);
        let (mut is_public, mut path_attribute) = (false, None);
        while let Some(token) = tokens.next() {
            match &token {
                TokenTree::Ident(word) => match word.to_string().as_str() {
                    "pub" => {
                        is_public = true;
                        skip_restriction(&mut tokens);
                    }
                    "use" => self.import(&mut tokens, depth, Some(is_public)),
                    "mod" => self.module(&mut tokens, depth, path_attribute.take()),
                    "impl" => self.implementation(&mut tokens, depth),
                    word if DECLARE.contains(&word) => self.declaration(&mut tokens, depth),
                    _ => self.code_from(&token, &mut tokens, depth),
                },
                TokenTree::Punct(mark) if mark.as_char() == ';' => {}
                TokenTree::Punct(mark) if mark.as_char() == '#' => {
                    path_attribute = self.attribute(&mut tokens, depth).or(path_attribute);
                    continue;
                }
                TokenTree::Group(group) => self.code(group.stream(), depth),
                _ => {}
            }
            let begins_item = matches!(&token, TokenTree::Ident(word) if *word != "pub");
            is_public &= !begins_item;
        }
    }

    /// `#[path = ".."]`, if it is that.
    fn attribute(&mut self, tokens: &mut Tokens, depth: usize) -> Option<String> {
        let Some(TokenTree::Group(group)) = tokens.next_if(|token| matches!(token, TokenTree::Group(_)))
        else {
            return None;
        };
        self.code(group.stream(), depth);
        let mut inside = walk(group.stream());
        let is_path = inside.next().is_some_and(|token| is_ident(&token, "path"));
        inside.next().filter(|_| is_path)?;
        Some(inside.next()?.to_string().trim_matches('"').to_owned())
    }

    fn module(&mut self, tokens: &mut Tokens, depth: usize, path: Option<String>) {
        let Some(name) = tokens.next().map(|name| name.to_string()) else { return };
        let inside = tokens.next_if(|token| matches!(token, TokenTree::Group(_)));
        match inside {
            Some(TokenTree::Group(group)) => {
                self.declare(name, depth);
                self.items(group.stream(), depth + 1);
            }
            _ if depth == 0 || path.is_some() => self.source.modules.push(Module { name, path }),
            _ => {}
        }
    }

    fn declaration(&mut self, tokens: &mut Tokens, depth: usize) {
        let is_name = |token: &TokenTree| !matches!(token, TokenTree::Punct(_));
        let mut name = tokens.next();
        if name.as_ref().is_some_and(|token| !is_name(token)) {
            name = tokens.next(); // behind the `!` of macro_rules
        }
        if let Some(TokenTree::Ident(name)) = name {
            let name = name.to_string();
            match name.as_str() {
                "fn" | "unsafe" | "extern" | "async" => self.declaration(tokens, depth), // const fn
                _ => self.declare(name, depth),
            }
        }
    }

    fn declare(&mut self, name: String, depth: usize) {
        if depth == 0 {
            self.source.declared.insert(name);
        }
    }

    /// `impl<..> Type<..> { .. }` or `impl<..> Trait for Type { .. }`, from behind the `impl`.
    fn implementation(&mut self, tokens: &mut Tokens, depth: usize) {
        let (mut head, mut angles, mut of_trait, mut on) = (TokenStream::new(), 0_i32, false, None);
        let mut is_arrow = false;
        for token in tokens.by_ref() {
            match &token {
                TokenTree::Group(body) if body.delimiter() == Delimiter::Brace => {
                    self.code(head, depth);
                    if let (false, Some(on)) = (of_trait, on) {
                        self.methods(on, body.stream());
                    }
                    self.code(body.stream(), depth);
                    return;
                }
                TokenTree::Punct(mark) => match mark.as_char() {
                    '<' => angles += 1,
                    '>' if !is_arrow => angles -= 1,
                    ';' => break,
                    _ => {}
                },
                TokenTree::Ident(word) if angles == 0 => match word.to_string().as_str() {
                    "for" => of_trait = true,
                    "where" => angles = i32::MAX / 2, // what follows are bounds
                    word => on = Some(word.to_owned()),
                },
                _ => {}
            }
            is_arrow = matches!(&token, TokenTree::Punct(mark) if mark.as_char() == '-');
            head.extend([token]);
        }
        self.code(head, depth);
    }

    fn methods(&mut self, on: String, body: TokenStream) {
        let mut tokens = walk(body);
        while let Some(token) = tokens.next() {
            if is_ident(&token, "fn")
                && let Some(TokenTree::Ident(name)) = tokens.next()
            {
                self.source.methods.push(Method { on: on.clone(), name: name.to_string() });
            }
        }
    }

    fn code(&mut self, stream: TokenStream, depth: usize) {
        let mut tokens = walk(stream);
        while let Some(token) = tokens.next() {
            self.code_from(&token, &mut tokens, depth);
        }
    }

    /// Paths and calls that begin with `token`.
    fn code_from(&mut self, token: &TokenTree, tokens: &mut Tokens, depth: usize) {
        match token {
            TokenTree::Group(group) => self.code(group.stream(), depth),
            TokenTree::Ident(word) if *word == "pub" => skip_restriction(tokens),
            TokenTree::Ident(word) if *word == "use" => self.import(tokens, depth, None),
            TokenTree::Ident(word) => {
                let line = word.span().start().line;
                let mut segments = vec![word.to_string()];
                while skip_path_separator(tokens) {
                    match tokens.next_if(|token| matches!(token, TokenTree::Ident(_))) {
                        Some(name) => segments.push(name.to_string()),
                        None => break, // `::<` or `::{`
                    }
                }
                let calls = segments[1..].iter().map(|name| (name.clone(), line));
                self.source.calls.extend(calls);
                self.source.mentioned.extend(segments.iter().cloned());
                self.used(segments, line, depth, None);
            }
            TokenTree::Punct(mark) if mark.as_char() == '.' => {
                if let Some(name) = tokens.next_if(|token| matches!(token, TokenTree::Ident(_))) {
                    let line = name.span().start().line;
                    self.source.calls.push((name.to_string(), line));
                    self.source.mentioned.insert(name.to_string());
                }
            }
            _ => {}
        }
    }

    /// What stands behind `use`. `is_public` is none inside of a function.
    fn import(&mut self, tokens: &mut Tokens, depth: usize, is_public: Option<bool>) {
        let (mut found, mut tree) = (Vec::new(), TokenStream::new());
        let end = |token: &TokenTree| matches!(token, TokenTree::Punct(mark) if mark.as_char() == ';');
        while let Some(token) = tokens.next_if(|token| !end(token)) {
            tree.extend([token]);
        }
        use_tree(&mut walk(tree), &[], &mut found);
        for Leaf { name, path, line } in found {
            let handed_on = is_public.unwrap_or(false).then(|| name.clone());
            let all = (name == "*").then(|| name.clone());
            self.used(path.iter().cloned().chain(all).collect(), line, depth, handed_on);
            if depth == 0 && is_public.is_some() {
                self.source.imports.push(Import { name, path });
            }
        }
    }

    /// Keeps a path if it may lead out of this file.
    fn used(&mut self, mut segments: Vec<String>, line: usize, depth: usize, handed_on: Option<String>) {
        let ups = segments.iter().take_while(|segment| *segment == "super").count();
        if ups > 0 && ups < depth || ups == 0 && segments[0] == "self" && depth > 0 {
            return; // within this file
        }
        if ups > 0 {
            segments.drain(..depth);
            if ups == depth {
                segments.insert(0, "self".to_owned());
            }
        }
        if segments.len() > 1 {
            self.source.paths.push(UsedPath { segments, line, handed_on });
        }
    }
}

/// One end of a `use` tree.
struct Leaf {
    name: String,
    path: Vec<String>,
    line: usize,
}

/// All ends of a `use` tree that begins behind `prefix`.
fn use_tree(tokens: &mut Tokens, prefix: &[String], found: &mut Vec<Leaf>) {
    let is_comma = |token: &TokenTree| matches!(token, TokenTree::Punct(mark) if mark.as_char() == ',');
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Group(list) => use_tree(&mut walk(list.stream()), prefix, found),
            TokenTree::Punct(mark) if mark.as_char() == '*' => {
                let line = mark.span().start().line;
                found.push(Leaf { name: "*".to_owned(), path: prefix.to_vec(), line });
            }
            TokenTree::Ident(word) => {
                let line = word.span().start().line;
                let mut path = prefix.to_vec();
                path.push(word.to_string());
                if skip_path_separator(tokens) {
                    let mut rest = TokenStream::new();
                    while let Some(token) = tokens.next_if(|token| !is_comma(token)) {
                        rest.extend([token]);
                    }
                    use_tree(&mut walk(rest), &path, found);
                    continue;
                }
                if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
                    path.pop();
                }
                let mut name = path.last().cloned().unwrap_or_default();
                if tokens.next_if(|token| is_ident(token, "as")).is_some() {
                    name = tokens.next().map(|alias| alias.to_string()).unwrap_or_default();
                }
                found.push(Leaf { name, path, line });
            }
            _ => {}
        }
    }
}

fn is_ident(token: &TokenTree, text: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident == text)
}

/// Skips what stands in parentheses behind `pub`: who may see an item is no use of anything.
fn skip_restriction(tokens: &mut Tokens) {
    let is_restriction = |token: &TokenTree| match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis => {
            let first = walk(group.stream()).next();
            first.is_some_and(|first| {
                ["crate", "super", "self", "in"].iter().any(|word| is_ident(&first, word))
            })
        }
        _ => false,
    };
    tokens.next_if(is_restriction);
}

/// Skips `::`, if that is next.
fn skip_path_separator(tokens: &mut Tokens) -> bool {
    let begins = |token: &TokenTree| matches!(token, TokenTree::Punct(colon) if colon.as_char() == ':' && colon.spacing() == Spacing::Joint);
    tokens.next_if(begins).and_then(|_| tokens.next()).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The paths that may lead to another file, with their lines.
    #[track_caller]
    fn check(text: &str, expected: &[(usize, &str)]) {
        let source = Source::read(text).unwrap();
        let found: Vec<(usize, String)> =
            source.paths.iter().map(|path| (path.line, path.segments.join("::"))).collect();
        let expected: Vec<(usize, String)> =
            expected.iter().map(|(line, path)| (*line, (*path).to_owned())).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn every_path_is_found() {
        check("use crate::a::B;", &[(1, "crate::a::B")]);
        check(
            "use crate::{a, b::{C, D as E, self}};\n",
            &[(1, "crate::a"), (1, "crate::b::C"), (1, "crate::b::D"), (1, "crate::b")],
        );
        check("use super::*;", &[(1, "super::*")]);
        check(
            "\nfn f() -> crate::a::B<child::C> { use super::d::E; x.y::<u8>() }",
            &[(2, "crate::a::B"), (2, "child::C"), (2, "super::d::E")],
        );
        check("macro_rules! m { () => { $crate::late::x!() } }", &[(1, "crate::late::x")]);
        check("#[derive(a::B)]\nfn f() {}", &[(1, "a::B")]);
        check(
            "impl<T: super::A> super::B for T where T: super::C {}",
            &[(1, "super::A"), (1, "super::B"), (1, "super::C")],
        );
    }

    #[test]
    fn what_is_no_path_to_elsewhere_is_not_found() {
        check("// crate::a\n/// [`crate::a`]\nconst X: &str = \"crate::a\";", &[]);
        check("fn late() { late(x, y.late, Late { late }) }", &[]);
        check("mod a { mod b { use super::C; use self::d::E; } }", &[]);
        check("pub(in crate::a) struct A { pub(in super::b) c: u8 }", &[]);
    }

    #[test]
    fn modules_inside_of_the_file_are_the_file() {
        check("mod tests { use super::*; use super::a::B; }", &[(1, "self::*"), (1, "self::a::B")]);
        check("mod tests { use super::super::late; }", &[(1, "super::late")]);
        check("mod a { mod b { type T = super::super::super::super::Late; } }", &[(1, "super::super::Late")]);
    }

    #[test]
    fn modules_that_are_files_are_found_in_order() {
        let text = "mod b;\n#[cfg(test)]\n#[path = \"../c.rs\"]\npub mod a;\nmod inside { mod deep; }";
        let module = |name: &str, path: Option<&str>| Module {
            name: name.to_owned(),
            path: path.map(ToOwned::to_owned),
        };
        let expected = [module("b", None), module("a", Some("../c.rs"))];
        assert_eq!(Source::read(text).unwrap().modules, expected);
    }

    #[test]
    fn declared_names_and_methods_are_found() {
        let text = "
            pub struct A<T>(T); enum B {} const fn c() {} macro_rules! d { () => {} } mod e {} const F: u8 = 1;
            impl<T: Fn() -> u8> A<T> { fn one() {} pub(crate) const fn two(&self) { self.three::<T>() } }
            impl<T> Clone for A<T> where A<T>: Copy { fn clone(&self) -> Self { A::new() } }
        ";
        let source = Source::read(text).unwrap();
        assert_eq!(source.declared, ["A", "B", "F", "c", "d", "e"].map(str::to_owned).into());
        let methods: Vec<String> = source.methods.iter().map(|on| format!("{}.{}", on.on, on.name)).collect();
        assert_eq!(methods, ["A.one", "A.two"]);
        assert_eq!(source.calls, [("three".to_owned(), 3), ("new".to_owned(), 4)]);
    }

    #[test]
    fn what_is_handed_on_is_told_apart() {
        let source = Source::read("pub use a::B; use a::C; pub(crate) use a::D;\nfn f(_: B) {}").unwrap();
        let handed: Vec<Option<&str>> = source.paths.iter().map(|path| path.handed_on.as_deref()).collect();
        assert_eq!(handed, [Some("B"), None, Some("D")]);
        assert!(source.mentioned.contains("B") && !source.mentioned.contains("D"));
    }
}
