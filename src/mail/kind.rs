//! Person, robot, bounce or list: a ranked table of signs (RFC 3834, RFC 3464, RFC 2919), so that the reason can be said.
//!
//! To call a person a robot is the worse mistake. `X-Auto-Response-Suppress` alone is a person (Exchange sets it on ordinary
//! mail), so is an empty Return-Path alone (some forwarders set it), so is `Auto-Submitted: no`, and so is a mail that an
//! Exchange rule passed on. Words of absence count only where a second sign says that nobody typed them.

mod programs;
mod receipt;
mod wording;

use crate::mail::header::Fields;
use crate::mail::letter::{Bounce, ReturnPath};
use crate::mail::mime::Part;
use crate::model::{Kind, Party};

/// What the rules look at.
#[derive(Debug)]
pub struct Signs<'a> {
    pub root: &'a Part<'a>,
    pub from: Option<&'a Party>,
    pub subject: &'a str,
    /// What the sender wrote this time; what he quotes is no sign.
    pub text: &'a str,
    pub return_path: &'a ReturnPath,
    pub bounce: Option<&'a Bounce>,
}

impl Signs<'_> {
    fn fields(&self) -> &Fields<'_> {
        &self.root.fields
    }

    fn is_answer(&self) -> bool {
        self.fields().has("In-Reply-To") || self.fields().has("References")
    }

    /// The value of a field in lower case, "" without one.
    fn value(&self, name: &str) -> String {
        self.fields().plain(name).unwrap_or_default().to_ascii_lowercase()
    }

    fn sender(&self) -> &str {
        self.from.map_or("", |f| f.address.as_str())
    }
}

struct Rule {
    kind: Kind,
    /// What `why` says; `None` where the rule does not apply.
    finds: fn(&Signs<'_>) -> Option<String>,
}

/// The first that applies decides.
const RULES: &[Rule] = &[
    Rule { kind: Kind::Bounce, finds: bounce },
    Rule { kind: Kind::Auto, finds: receipt::report },
    Rule { kind: Kind::Auto, finds: auto_submitted },
    Rule { kind: Kind::Auto, finds: programs::field },
    Rule { kind: Kind::Auto, finds: auto_precedence },
    Rule { kind: Kind::Auto, finds: wording::subject },
    Rule { kind: Kind::Auto, finds: programs::challenge },
    Rule { kind: Kind::Auto, finds: receipt::in_words },
    Rule { kind: Kind::Auto, finds: wording::sign_and_words },
    Rule { kind: Kind::List, finds: list },
    Rule { kind: Kind::Person, finds: |s| (keyword(s) == "no").then(|| "Auto-Submitted: no".to_owned()) },
    Rule { kind: Kind::Auto, finds: wording::declared },
    Rule { kind: Kind::Auto, finds: wording::ticket },
    Rule { kind: Kind::Auto, finds: wording::absence },
];

/// Decides what a letter is, and says why.
#[must_use]
pub fn decide(signs: &Signs<'_>) -> (Kind, String) {
    RULES
        .iter()
        .find_map(|rule| (rule.finds)(signs).map(|why| (rule.kind, why)))
        .unwrap_or_else(|| (Kind::Person, "no sign of a robot".to_owned()))
}

fn bounce(signs: &Signs<'_>) -> Option<String> {
    let rule = signs.bounce?.rule;
    let by_words = rule.contains("words");
    Some(if by_words && !signs.sender().is_empty() { format!("{rule} ({})", signs.sender()) } else { rule.to_owned() })
}

/// The keyword of `Auto-Submitted` (RFC 3834, 5), "" without one.
fn keyword(signs: &Signs<'_>) -> String {
    let value = signs.value("Auto-Submitted");
    value.trim_start().split([';', ' ', '(', '\t']).next().unwrap_or_default().to_owned()
}

/// Any value but `no`.
fn auto_submitted(signs: &Signs<'_>) -> Option<String> {
    let keyword = keyword(signs);
    (!keyword.is_empty() && keyword != "no").then(|| format!("Auto-Submitted: {keyword}"))
}

fn auto_precedence(signs: &Signs<'_>) -> Option<String> {
    ["Precedence", "X-Precedence", "Preference"].iter().find_map(|name| {
        let value = signs.value(name);
        let auto = ["auto_reply", "auto-reply", "autoreply", "auto reply", "auto_response"].contains(&value.as_str());
        auto.then(|| format!("{name}: {value}"))
    })
}

/// Bulk and list mail (RFC 2919, RFC 2369).
fn list(signs: &Signs<'_>) -> Option<String> {
    const OF_LISTS: &[&str] =
        &["List-Id", "List-Post", "X-Mailing-List", "X-BeenThere", "X-Mailman-Version", "Mailing-List", "X-Listserver"];
    if let Some(name) = OF_LISTS.iter().find(|n| signs.fields().has(n)) {
        return Some((*name).to_owned());
    }
    for name in ["Precedence", "X-Precedence"] {
        let value = signs.value(name);
        if matches!(value.as_str(), "bulk" | "list" | "junk") {
            return Some(format!("{name}: {value}"));
        }
    }
    // A person's answer that went through a mailing program may bear List-Unsubscribe too.
    (signs.fields().has("List-Unsubscribe") && !signs.is_answer()).then(|| "List-Unsubscribe".to_owned())
}

/// The identifier of the list that a letter came through: `support.example.test` of `Support <support.example.test>`.
#[must_use]
pub fn list_id(fields: &Fields<'_>) -> Option<String> {
    let value = fields.plain("List-Id")?;
    let id = value.rsplit_once('<').map_or(value.as_str(), |(_, id)| id);
    let id = id.split('>').next().unwrap_or(id).trim().to_ascii_lowercase();
    (!id.is_empty() && id.len() < 255 && !id.contains(' ')).then_some(id)
}
