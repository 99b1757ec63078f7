//! Which folder holds sent mail: by what the server marks, else by the names that servers and mail programs give it.
//!
//! Exchange Online marks none (docs/PROVIDERS.md), and calls it by the language in which the mailbox was first opened.

use super::folder::{Folder, Special};

/// Lower case.
const NAMES: &[&str] = &[
    // en
    "sent",
    "sent items",
    "sent messages",
    "sent mail",
    "sent-mail",
    // sv
    "skickat",
    "skickade objekt",
    "skickade",
    "skickade meddelanden",
    // nb da
    "sendte elementer",
    "sendte",
    "sendt post",
    "sendt",
    "sendte mails",
    // fi
    "lähetetyt",
    "lähetetyt kohteet",
    "lähetetyt viestit",
    // de nl
    "gesendet",
    "gesendete elemente",
    "gesendete objekte",
    "verzonden items",
    "verzonden",
    "verzonden berichten",
    // fr es it pt pl
    "éléments envoyés",
    "envoyés",
    "messages envoyés",
    "elementos enviados",
    "enviados",
    "mensajes enviados",
    "posta inviata",
    "inviata",
    "inviati",
    "itens enviados",
    "mensagens enviadas",
    "elementy wysłane",
    "wysłane",
    // et lv lt cs
    "saadetud",
    "saadetud üksused",
    "nosūtītie vienumi",
    "nosūtītie",
    "išsiųsti elementai",
    "išsiųsti",
    "odeslaná pošta",
    "odeslané",
];

/// How the folder of sent mail was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FoundBy {
    /// The server marks it with `\Sent`.
    Mark,
    Name,
}

/// The folder of sent mail. By name only where the server marks none, and where a single folder at the top or right below INBOX
/// bears one of the names: of several the operator must choose.
#[must_use]
pub fn sent_folder(folders: &[Folder]) -> Option<(&Folder, FoundBy)> {
    if let Some(marked) = folders.iter().find(|f| f.special == Some(Special::Sent) && f.selectable) {
        return Some((marked, FoundBy::Mark));
    }
    let mut named = folders.iter().filter(|f| f.selectable && f.special.is_none() && NAMES.contains(&&*leaf(f)));
    let first = named.next()?;
    named.next().is_none().then_some((first, FoundBy::Name))
}

/// The folder whose name is the likeliest of those that folders of sent mail bear, wherever it stands.
#[must_use]
pub fn called_sent(folders: &[Folder]) -> Option<&Folder> {
    let rank = |folder: &&Folder| {
        let name = folder.name.to_lowercase();
        let own = folder.delimiter.as_deref().filter(|d| !d.is_empty()).and_then(|d| name.rsplit(d).next());
        let own = own.unwrap_or(&name);
        NAMES.iter().position(|known| *known == own)
    };
    folders.iter().filter(|f| f.selectable && rank(f).is_some()).min_by_key(rank)
}

/// The name without what stands above it, in lower case; "" for a folder deeper down, which is somebody's own.
fn leaf(folder: &Folder) -> String {
    let name = folder.name.to_lowercase();
    let parts: Vec<&str> = match folder.delimiter.as_deref().filter(|d| !d.is_empty()) {
        Some(delimiter) => name.split(delimiter).collect(),
        None => vec![&name],
    };
    match parts.as_slice() {
        [one] | ["inbox", one] => (*one).to_owned(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `name` or `name=sent`; a trailing `!` is a folder that cannot be opened.
    fn check(folders: &str, expect: Option<(&str, FoundBy)>) {
        let folders: Vec<Folder> = folders
            .split(", ")
            .map(|written| {
                let (name, mark) = written.split_once('=').unwrap_or((written, ""));
                let special = match mark {
                    "sent" => Some(Special::Sent),
                    "all" => Some(Special::All),
                    _ => None,
                };
                let selectable = !name.ends_with('!');
                let name = name.trim_end_matches('!').to_owned();
                let delimiter = Some(if name.contains('.') { "." } else { "/" }.to_owned());
                Folder { name, delimiter, special, selectable }
            })
            .collect();
        let found = sent_folder(&folders).map(|(f, by)| (f.name.as_str(), by));
        assert_eq!(found, expect, "{folders:?}");
    }

    #[test]
    fn what_is_marked_comes_before_what_is_called_so() {
        check("INBOX, Sent, [Gmail]/Skickat=sent, [Gmail]/Alla mail=all", Some(("[Gmail]/Skickat", FoundBy::Mark)));
        check("INBOX, Sent=all", None);
        check("INBOX", None);
    }

    #[test]
    fn without_marks_the_name_decides_if_it_is_the_only_one() {
        check("INBOX, Drafts, Sent Items, Deleted Items", Some(("Sent Items", FoundBy::Name)));
        check("INBOX, Utkast, Skickat, Borttaget", Some(("Skickat", FoundBy::Name)));
        check("INBOX, Skickade objekt", Some(("Skickade objekt", FoundBy::Name)));
        check("INBOX, ÉLÉMENTS ENVOYÉS", Some(("ÉLÉMENTS ENVOYÉS", FoundBy::Name)));
        check("INBOX, INBOX.Sent", Some(("INBOX.Sent", FoundBy::Name)));
        check("INBOX, Sent, Sent Items", None);
        check("INBOX, Sent!, Sent Items", Some(("Sent Items", FoundBy::Name)));
        check("INBOX, Arkiv/Skickat", None);
        check("INBOX, Skickat till leverantörer", None);
    }
}
