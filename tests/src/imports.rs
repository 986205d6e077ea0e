//! Finds which source files of a crate use which others, by the paths that they name.
//!
//! A path is followed to the file that defines the item: through modules, and through `use` declarations that re-export a
//! name. A file that only re-exports a name with `pub use` does not use it. Macros' bodies count like other code. Paths that
//! a macro builds are not found.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A module by its path from the crate's root, such as `["entra", "wire"]`.
type Module = Vec<String>;

/// Longer chains of `use` declarations are considered circular.
const MAX_ALIASES: usize = 20;

/// The sources of one crate.
#[derive(Debug, Default)]
pub struct Crate {
    files: BTreeMap<Module, Source>,
}

#[derive(Debug)]
struct Source {
    path: PathBuf,
    paths: Vec<NamedPath>,
    /// The names that `use` declarations bring in, each with its path. The name `*` means everything in the path.
    aliases: Vec<(String, Vec<String>)>,
}

#[derive(Debug)]
struct NamedPath {
    segments: Vec<String>,
}

impl Crate {
    /// Reads sources, each with its path below the crate's `src`.
    #[must_use]
    pub fn of(sources: impl IntoIterator<Item = (PathBuf, String)>) -> Self {
        let files = sources.into_iter().map(|(path, text)| (module_of(&path), Source::read(path, &text)));
        Self { files: files.collect() }
    }

    /// The files that each file uses.
    #[must_use]
    pub fn uses(&self) -> BTreeMap<&Path, BTreeSet<&Path>> {
        let each = self.files.iter().map(|(module, source)| {
            let used = source.paths.iter().filter_map(|path| self.follow(module, &path.segments, 0));
            (source.path.as_path(), used.filter(|used| *used != source.path).collect())
        });
        each.collect()
    }

    /// The files that use one another in a circle, each with the files of its circle that it uses.
    #[must_use]
    pub fn circles(&self) -> BTreeMap<&Path, BTreeSet<&Path>> {
        let uses = self.uses();
        let reached: BTreeMap<_, _> = uses.keys().map(|file| (*file, reached_from(file, &uses))).collect();
        let on_circle = uses.iter().filter(|(file, _)| reached[*file].contains(*file));
        let within = on_circle.map(|(file, used)| {
            let back = used.iter().filter(|used| reached[*used].contains(file));
            (*file, back.copied().collect())
        });
        within.collect()
    }

    /// The file that defines what a path names in a module; `None` for other crates' items.
    fn follow(&self, from: &[String], segments: &[String], depth: usize) -> Option<&Path> {
        let (mut module, mut rest) = (from.to_vec(), segments);
        match rest.first()?.as_str() {
            "crate" => (module, rest) = (Module::new(), &rest[1..]),
            "self" => rest = &rest[1..],
            "super" => {}
            first => {
                let child = [from, &[first.to_owned()]].concat();
                if !self.files.contains_key(&child) {
                    return None;
                }
            }
        }
        while let [first, tail @ ..] = rest {
            let child = [module.as_slice(), std::slice::from_ref(first)].concat();
            if first == "super" {
                module.pop();
            } else if self.files.contains_key(&child) {
                module = child;
            } else {
                return self.item(&module, first, depth);
            }
            rest = tail;
        }
        self.files.get(&module).map(|source| source.path.as_path())
    }

    /// The file that defines the item with this name in a module.
    fn item(&self, module: &[String], name: &str, depth: usize) -> Option<&Path> {
        let source = self.files.get(module)?;
        if depth < MAX_ALIASES {
            for (alias, target) in &source.aliases {
                if alias == name {
                    return self.follow(module, target, depth + 1);
                }
            }
        }
        Some(&source.path)
    }
}

/// The files that a file uses, directly or through others.
fn reached_from<'p>(file: &Path, uses: &BTreeMap<&'p Path, BTreeSet<&'p Path>>) -> BTreeSet<&'p Path> {
    let mut reached = BTreeSet::new();
    let mut left: Vec<_> = uses[file].iter().copied().collect();
    while let Some(next) = left.pop() {
        if reached.insert(next) {
            left.extend(&uses[next]);
        }
    }
    reached
}

fn module_of(path: &Path) -> Module {
    let names: Vec<_> = path.with_extension("").iter().map(|name| name.to_str().unwrap().to_owned()).collect();
    if names == ["lib"] { Module::new() } else { names }
}

impl Source {
    fn read(path: PathBuf, text: &str) -> Self {
        // The rules do not apply to unit tests.
        let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
        let tokens = tokens(code);
        let mut source = Self { path, paths: Vec::new(), aliases: Vec::new() };
        let mut at = 0;
        while at < tokens.len() {
            if tokens[at] == "use" {
                let known = source.paths.len();
                let is_passed_on = at > 0 && (tokens[at - 1] == "pub" || tokens[at - 1] == ")");
                at += 1;
                source.read_use(&tokens, &mut at, &[]);
                if is_passed_on {
                    let passed_on = source.paths.split_off(known);
                    let occurs = |name: &String| tokens.iter().filter(|token| *token == name).count() > 1;
                    source.paths.extend(passed_on.into_iter().filter(|path| path.segments.last().is_some_and(occurs)));
                }
            } else if is_name(&tokens[at]) {
                // `pub(in crate::embedding)` only limits the visibility of an item, and is not a use.
                let is_visibility = at > 1 && tokens[at - 1] == "in" && tokens[at - 2] == "(";
                let segments = read_path(&tokens, &mut at);
                if segments.len() > 1 && !is_visibility {
                    source.paths.push(NamedPath { segments });
                }
            } else {
                at += 1;
            }
        }
        source
    }

    /// Reads one tree of a `use` declaration.
    fn read_use(&mut self, tokens: &[String], at: &mut usize, before: &[String]) {
        let path = [before, &read_path(tokens, at)].concat();
        match tokens.get(*at).map(String::as_str) {
            Some("{") => {
                while !matches!(tokens.get(*at).map(String::as_str), None | Some("}")) {
                    *at += 1;
                    self.read_use(tokens, at, &path);
                }
                *at += 1;
            }
            Some("as") => {
                self.alias(tokens.get(*at + 1).cloned().unwrap_or_default(), path);
                *at += 2;
            }
            Some("*") => *at += 1,
            _ if path.len() > before.len() => {
                let path = if path.last().is_some_and(|last| last == "self") { before.to_vec() } else { path };
                self.alias(path.last().cloned().unwrap_or_default(), path);
            }
            _ => {}
        }
    }

    fn alias(&mut self, name: String, segments: Vec<String>) {
        self.aliases.push((name, segments.clone()));
        self.paths.push(NamedPath { segments });
    }
}

/// Reads a path, and the token after its last `::` if that is not a name.
fn read_path(tokens: &[String], at: &mut usize) -> Vec<String> {
    let mut segments = Vec::new();
    while let Some(name) = tokens.get(*at).filter(|token| is_name(token)) {
        segments.push(name.clone());
        *at += 1;
        if tokens.get(*at).is_none_or(|token| token != "::") {
            break;
        }
        *at += 1;
    }
    segments
}

fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_') && token != "as" && token != "use"
}

/// The tokens of a source: names, `::` and single characters, without comments and literals.
fn tokens(code: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = code;
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if let Some(length) = literal(rest) {
            length
        } else if first.is_alphanumeric() || first == '_' {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            tokens.push(rest[..end].to_owned());
            end
        } else if rest.starts_with("::") {
            tokens.push("::".to_owned());
            2
        } else {
            if !first.is_whitespace() {
                tokens.push(first.to_string());
            }
            first.len_utf8()
        };
        rest = &rest[length..];
    }
    tokens
}

/// The length of the string or character literal at the start of the code.
fn literal(code: &str) -> Option<usize> {
    if let Some(raw) = code.strip_prefix('r')
        && let hashes = raw.len() - raw.trim_start_matches('#').len()
        && raw[hashes..].starts_with('"')
    {
        let end = format!("\"{}", "#".repeat(hashes));
        let start = hashes + 2;
        return code[start..].find(&end).map(|length| start + length + end.len());
    }
    let quote = code.chars().next().filter(|c| *c == '"' || *c == '\'')?;
    let mut characters = code.char_indices().skip(1);
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => drop(characters.next()),
            // `'a` without a second quote is a lifetime.
            _ if quote == '\'' && at > 1 && character != '\'' && !code[1..].starts_with('\\') => return None,
            _ if character == quote => return Some(at + 1),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crate_of(sources: &[(&str, &str)]) -> Crate {
        Crate::of(sources.iter().map(|(path, text)| (PathBuf::from(path), (*text).to_owned())))
    }

    fn used(sources: &[(&str, &str)], file: &str) -> Vec<String> {
        let of = crate_of(sources);
        of.uses()[Path::new(file)].iter().map(|path| path.to_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn paths_are_followed_to_the_file_that_defines_an_item() {
        let sources = [
            ("lib.rs", "mod a; mod b; mod c;"),
            ("a.rs", "mod inner; pub use inner::{Item, other::Thing as Renamed}; pub struct Own;"),
            ("a/inner.rs", "pub mod other; pub struct Item;"),
            ("a/inner/other.rs", "pub struct Thing;"),
            ("b.rs", "use crate::a::Item; use crate::a::{Own, inner::{self}};"),
            (
                "c.rs",
                "fn f(x: &'static str) { crate::a::Renamed::new('\"', \"crate::b::X\"); super::a::Own; } // crate::b",
            ),
        ];
        assert_eq!(used(&sources, "b.rs"), ["a/inner.rs", "a.rs"]);
        assert_eq!(used(&sources, "c.rs"), ["a/inner/other.rs", "a.rs"]);
        assert!(used(&sources, "a.rs").is_empty(), "re-exporting a name is not a use");
        assert!(crate_of(&sources).circles().is_empty());
    }

    #[test]
    fn a_circle_is_found_across_folders_and_inline_paths() {
        let sources = [
            ("lib.rs", "mod a; mod b;"),
            ("a.rs", "mod inner; pub use inner::Item;"),
            ("a/inner.rs", "pub struct Item; fn f() -> crate::b::B {}"),
            ("b.rs", "use super::a::Item; pub struct B(Item);"),
            ("c.rs", "use crate::b::B;"),
        ];
        let of = crate_of(&sources);
        let circle: Vec<_> = of.circles().into_keys().collect();
        assert_eq!(circle, [Path::new("a/inner.rs"), Path::new("b.rs")]);
    }
}
