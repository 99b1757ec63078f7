//! Reads a TOML file key by key and collects every mistake with its place; a key that nobody has asked for is one.
//!
//! What is read is the caller's matter: each key is one line such as `imap.or("port", values::port, 993)`.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::mistake::{Mistake, instead};

/// Where a value stands: for mistakes that are seen only later.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    offset: usize,
    /// `mailbox[0].imap.port`
    pub key: String,
}

/// How much a mistake is to be trusted in a file that is not TOML everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Syntax,
    /// Seen in what stands there.
    Written,
    /// Concluded from what is absent or stands elsewhere, perhaps on the line that could not be read.
    Concluded,
}

pub(super) struct Reader<'t> {
    file: &'t Path,
    text: &'t str,
    mistakes: RefCell<Vec<(usize, Kind, Mistake)>>,
    /// Every key that was asked for, without indexes: `mailbox.imap.port`.
    asked: RefCell<BTreeSet<String>>,
    /// Every table that was read, by its path.
    opened: RefCell<BTreeMap<String, Opened>>,
}

/// A table that was read: what stands there, and what was asked for.
#[derive(Default)]
struct Opened {
    keys: Vec<(String, Place)>,
    taken: BTreeSet<String>,
}

impl<'t> Reader<'t> {
    pub fn new(file: &'t Path, text: &'t str) -> Self {
        Self { file, text, mistakes: RefCell::default(), asked: RefCell::default(), opened: RefCell::default() }
    }

    /// Reads what can be read; what is no TOML becomes mistakes.
    pub fn parse(&self) -> DeTable<'t> {
        let (document, errors) = DeTable::parse_recoverable(self.text);
        for error in errors {
            let span = error.span().unwrap_or_default();
            let place = |key: &str| Place { offset: span.start, key: key.to_owned() };
            let key = self.text.get(span.clone()).unwrap_or_default();
            if error.message() == "duplicate key" {
                self.add(place(key), Kind::Syntax, "is written twice; keep one".to_owned());
            } else {
                self.add(place(""), Kind::Syntax, format!("this is no TOML: {}", error.message()));
            }
        }
        document.into_inner()
    }

    /// The whole document.
    pub fn root<'r>(&'r self, document: &'r DeTable<'t>) -> Table<'r> {
        let place = Place { offset: 0, key: String::new() };
        Table::new(self, document, place, String::new())
    }

    /// A mistake that follows from what stands at `place` and elsewhere.
    pub fn mistake(&self, place: &Place, what: impl Into<String>) {
        self.add(place.clone(), Kind::Concluded, what.into());
    }

    fn add(&self, place: Place, kind: Kind, what: String) {
        let line = self.text.as_bytes().iter().take(place.offset).filter(|b| **b == b'\n').count() + 1;
        let mistake = Mistake { file: self.file.to_owned(), line, key: place.key, what };
        self.mistakes.borrow_mut().push((place.offset, kind, mistake));
    }

    /// All mistakes in the order of the file. Where it is not TOML everywhere, only those that are sure.
    pub fn into_mistakes(self) -> (Vec<Mistake>, BTreeSet<String>) {
        for Opened { keys, taken } in self.opened.take().into_values() {
            for (key, place) in keys.into_iter().filter(|(key, _)| !taken.contains(key)) {
                let hint = instead(&key, taken.iter().map(String::as_str));
                self.add(place, Kind::Written, format!("there is no such key; {hint}"));
            }
        }
        let mut found = self.mistakes.into_inner();
        // Stable: those of one place stay as they were found.
        found.sort_by_key(|(offset, ..)| *offset);
        let broken: BTreeSet<usize> = found.iter().filter(|m| m.1 == Kind::Syntax).map(|m| m.2.line).collect();
        if !broken.is_empty() {
            // Below a header that could not be read, keys seem to belong elsewhere.
            let headers_stand = !found.iter().any(|(_, kind, mistake)| {
                let line = self.text.lines().nth(mistake.line - 1).unwrap_or_default();
                *kind == Kind::Syntax && line.trim_start().starts_with('[') && mistake.key.is_empty()
            });
            let mut said = BTreeSet::new();
            found.retain(|(offset, kind, mistake)| match kind {
                Kind::Syntax => said.insert(mistake.line),
                // The reader puts a stand-in at the very beginning for a value that it could not read.
                Kind::Written => headers_stand && *offset > 0 && !broken.contains(&mistake.line),
                Kind::Concluded => false,
            });
        }
        (found.into_iter().map(|(_, _, mistake)| mistake).collect(), self.asked.into_inner())
    }

    /// A path of the file, which is relative to the file itself.
    pub fn path(&self, written: &str) -> PathBuf {
        self.file.parent().unwrap_or(Path::new("")).join(written)
    }
}

/// A value and where it stands.
pub(super) struct Value<'r> {
    pub reader: &'r Reader<'r>,
    pub raw: &'r DeValue<'r>,
    pub place: Place,
    shape: String,
    written: &'r str,
}

impl<'r> Value<'r> {
    fn new(reader: &'r Reader<'r>, key: String, shape: String, raw: &'r Spanned<DeValue<'r>>) -> Self {
        let written = reader.text.get(raw.span()).unwrap_or_default();
        Self { reader, raw: raw.get_ref(), place: Place { offset: raw.span().start, key }, shape, written }
    }

    /// `"abc" is no port; write a number from 1 to 65535`.
    pub fn no(&self, noun: &str, write: &str) -> String {
        self.is(&format!("is no {noun}"), write)
    }

    /// What stands there, what is wrong with it, and what to write.
    pub fn is(&self, wrong: &str, write: &str) -> String {
        let line = self.written.lines().next().unwrap_or_default();
        let shown: String = line.chars().take(60).collect();
        let dots = if shown.len() < self.written.len() { "…" } else { "" };
        format!("{shown}{dots} {wrong}; write {write}")
    }

    pub fn str(&self) -> Option<&'r str> {
        self.raw.as_str()
    }

    /// The value of a table, for keys that take either a word or a table.
    pub fn table(&self) -> Option<Table<'r>> {
        let entries = self.raw.as_table()?;
        Some(Table::new(self.reader, entries, self.place.clone(), self.shape.clone()))
    }

    /// Reads it; a mistake is noted at its place.
    pub fn read<T>(&self, read: impl Fn(&Value<'r>) -> Result<T, String>) -> Option<T> {
        read(self).map_err(|what| self.reader.add(self.place.clone(), Kind::Written, what)).ok()
    }
}

/// A table whose keys are asked for one by one.
pub(super) struct Table<'r> {
    reader: &'r Reader<'r>,
    entries: Option<&'r DeTable<'r>>,
    place: Place,
    /// Its path without indexes.
    shape: String,
    /// Something else stands in its place, and that has been said.
    broken: bool,
}

impl<'r> Table<'r> {
    fn new(reader: &'r Reader<'r>, entries: &'r DeTable<'r>, place: Place, shape: String) -> Self {
        let table = Self { reader, entries: Some(entries), place, shape, broken: false };
        let keys = table.keys().into_iter().map(|(key, place)| (key.to_owned(), place)).collect();
        reader.opened.borrow_mut().entry(table.place.key.clone()).or_insert(Opened { keys, taken: BTreeSet::new() });
        table
    }

    pub fn place(&self) -> &Place {
        &self.place
    }

    /// It stands in the file.
    pub fn is_written(&self) -> bool {
        self.entries.is_some()
    }

    pub fn mistake(&self, what: impl Into<String>) {
        self.reader.mistake(&self.place, what);
    }

    pub fn value(&self, key: &str) -> Option<Value<'r>> {
        let (path, shape) = (joined(&self.place.key, key), joined(&self.shape, key));
        self.reader.asked.borrow_mut().insert(shape.clone());
        if let Some(opened) = self.reader.opened.borrow_mut().get_mut(&self.place.key) {
            opened.taken.insert(key.to_owned());
        }
        let raw = self.entries?.get(key)?;
        Some(Value::new(self.reader, path, shape, raw))
    }

    /// The keys that stand there, in the order of the alphabet, with their places.
    pub fn keys(&self) -> Vec<(&'r str, Place)> {
        let entries = self.entries.into_iter().flat_map(DeTable::iter);
        let place =
            |key: &Spanned<_>, name: &str| Place { offset: key.span().start, key: joined(&self.place.key, name) };
        entries.map(|(key, _)| (key.get_ref().as_ref(), place(key, key.get_ref()))).collect()
    }

    pub fn opt<T>(&self, key: &str, read: impl Fn(&Value<'r>) -> Result<T, String>) -> Option<T> {
        self.value(key)?.read(read)
    }

    pub fn or<T>(&self, key: &str, read: impl Fn(&Value<'r>) -> Result<T, String>, default: T) -> T {
        self.opt(key, read).unwrap_or(default)
    }

    /// A key that has no default. `example` is what could stand there, as TOML.
    pub fn need<T>(&self, key: &str, read: impl Fn(&Value<'r>) -> Result<T, String>, example: &str) -> Option<T> {
        let value = self.value(key);
        if value.is_none() {
            self.missing(key, example);
        }
        value?.read(read)
    }

    pub fn missing(&self, key: &str, example: &str) {
        if self.broken {
            return;
        }
        let place = Place { offset: self.place.offset, key: joined(&self.place.key, key) };
        self.reader.mistake(&place, format!("is missing; write for example {key} = {example}"));
    }

    /// The items of a list with their places; `None` if the key is absent or no list.
    pub fn list<T>(
        &self,
        key: &str,
        read: impl Fn(&Value<'r>) -> Result<T, String>,
        example: &str,
    ) -> Option<Vec<(T, Place)>> {
        let value = self.value(key)?;
        let items = value.read(|v| items(v, example))?;
        Some(items.into_iter().filter_map(|item| item.read(&read).map(|read| (read, item.place))).collect())
    }

    /// A table of this one. One that is absent yields all defaults.
    pub fn table(&self, key: &str) -> Table<'r> {
        let absent = |broken: bool| {
            let place = Place { offset: self.place.offset, key: joined(&self.place.key, key) };
            let (reader, shape) = (self.reader, joined(&self.shape, key));
            Table { reader, entries: None, place, shape, broken }
        };
        let Some(value) = self.value(key) else { return absent(self.broken) };
        let read = value.read(|v| match v.raw {
            DeValue::Table(_) => Ok(()),
            DeValue::Array(array) if array.iter().all(|item| item.get_ref().is_table()) => {
                Err(format!("there is only one; write [{}], in single brackets", v.place.key))
            }
            _ => Err(v.no("table", &format!("[{}] on a line of its own and the keys below it", v.shape))),
        });
        read.and_then(|()| value.table()).unwrap_or_else(|| absent(true))
    }

    /// The tables of an array, `[[key]]`.
    pub fn tables(&self, key: &str) -> Vec<Table<'r>> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let array = value.read(|v| match v.raw {
            DeValue::Array(array) if array.iter().all(|item| item.get_ref().is_table()) => Ok(array),
            _ => Err(format!("is a list of tables; write [[{key}]], in double brackets")),
        });
        let items = array.into_iter().flat_map(|array| array.iter()).enumerate();
        let table = |(n, item): (usize, &'r Spanned<DeValue<'r>>)| {
            Value::new(self.reader, format!("{}[{n}]", value.place.key), value.shape.clone(), item).table()
        };
        items.filter_map(table).collect()
    }

    /// The tables of a table, by their names: `[key.NAME]`.
    pub fn named(&self, key: &str) -> BTreeMap<String, Table<'r>> {
        let outer = self.table(key);
        let mut named = BTreeMap::new();
        for (name, _) in outer.keys() {
            let mut table = outer.table(name);
            outer.reader.asked.borrow_mut().remove(&table.shape);
            table.shape = format!("{}.*", outer.shape);
            if table.is_written() {
                named.insert(name.to_owned(), table);
            }
        }
        named
    }
}

/// The items of a list.
pub(super) fn items<'r>(value: &Value<'r>, example: &str) -> Result<Vec<Value<'r>>, String> {
    let array = value.raw.as_array().ok_or_else(|| value.no("list", example))?;
    let item = |(n, raw)| Value::new(value.reader, format!("{}[{n}]", value.place.key), value.shape.clone(), raw);
    Ok(array.iter().enumerate().map(item).collect())
}

fn joined(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}
