//! Which recipients a report in words names, what became of each, and what is said of it: a ranked table of finders.
//!
//! Exim, qmail, Postfix, Sendmail, Exchange, Domino, Courier, Yahoo and dozens of others each have a form of their own; most of
//! them announce, then name an address at the beginning of a line. Addresses of the server and of ours are never recipients.

use std::collections::BTreeSet;

use crate::mail::bounce::{MAX_RECIPIENTS, returned, status};
use crate::mail::letter::{Action, BouncedRecipient};
use crate::mail::mime::Part;
use crate::model::{Address, Party, one_line};

/// Of how many recipients it is looked up what is said of them.
const MAX_EXPLAINED: usize = 100;

type Finder = for<'t> fn(&[&'t str], usize) -> Vec<&'t str>;

/// Strongest first: the first that names anybody decides.
const FINDERS: &[Finder] = &[labelled, angled_first, alone, in_phrase, in_transcript];

/// Reads the recipients out of `report`, the text without the returned mail.
pub(super) fn read(root: &Part<'_>, from: Option<&Party>, subject: &str, report: &str) -> Vec<BouncedRecipient> {
    let lines: Vec<&str> = report.lines().take(2_000).collect();
    let lower = report.to_lowercase();
    let action = action_of(&subject.to_lowercase(), &lower);
    let mut found = Found { ours: ours(root, from), list: Vec::new() };
    if let Some(failed) = root.fields.plain("X-Failed-Recipients") {
        failed.split([',', ';', ' ']).filter_map(bare).for_each(|a| found.push(a));
    }
    for finder in FINDERS {
        if !found.list.is_empty() {
            break;
        }
        for i in 0..lines.len() {
            finder(&lines, i).into_iter().for_each(|a| found.push(a));
        }
    }
    if found.list.is_empty() {
        returned_to(root, report).into_iter().for_each(|a| found.push(&a));
    }
    if found.list.is_empty()
        && let Some(from) = from
        && let Some(local) = bare_user(&lines)
    {
        found.list.push(format!("{local}@{}", from.address.domain()));
    }
    found.without_postmasters();
    found.list.truncate(MAX_RECIPIENTS);
    let lowered: Vec<String> = lines.iter().map(|l| l.to_ascii_lowercase()).collect();
    let said = |(n, a): (usize, String)| {
        let words = if n < MAX_EXPLAINED { said_of(&lines, &lowered, &a) } else { String::new() };
        (words, a)
    };
    let said: Vec<(String, String)> = found.list.into_iter().enumerate().map(said).collect();
    let own = |words: &str| status::code(words).or_else(|| status::meant(words, action));
    // What is said once is said of all, unless they are told apart.
    let shared = said.len() == 1 || said.iter().all(|(words, _)| own(words).is_none());
    let general = if shared { general_words(&lines) } else { String::new() };
    let of_all = || own(&general).map(|s| (s, general.clone()));
    said.into_iter()
        .map(|(words, address)| {
            let known = status::code(&words).or_else(|| status::code(&general)).map(|s| (s, general.clone()));
            let known = known.or_else(|| status::meant(&words, action).map(|s| (s, words.clone()))).or_else(of_all);
            let (status, source) = match known {
                Some((status, source)) => (Some(status), source),
                None => (status::undefined(&words, action), String::new()),
            };
            let words = if words.is_empty() { source } else { words };
            let diagnostic = Some(shorten(&words)).filter(|d| !d.is_empty());
            BouncedRecipient { address, action, status, diagnostic }
        })
        .collect()
}

/// Fills what a machine-readable report leaves out from the words beside it.
pub(super) fn explain(text: &str, recipients: &mut [BouncedRecipient]) {
    if recipients.iter().all(|r| r.status.is_some() && r.diagnostic.is_some()) {
        return;
    }
    let report = returned::report_part(&text[..text.floor_char_boundary(super::MAX_TEXT)]);
    let lines: Vec<&str> = report.lines().take(2_000).collect();
    let lowered: Vec<String> = lines.iter().map(|l| l.to_ascii_lowercase()).collect();
    for recipient in recipients.iter_mut().take(MAX_EXPLAINED) {
        let words = said_of(&lines, &lowered, &recipient.address);
        if recipient.diagnostic.is_none() {
            recipient.diagnostic = Some(shorten(&words)).filter(|d| !d.is_empty());
        }
        if recipient.status.is_none() {
            let known = recipient.diagnostic.as_deref().unwrap_or_default();
            let status = [known, &words].into_iter().find_map(status::code);
            let status =
                status.or_else(|| [known, &words].into_iter().find_map(|w| status::meant(w, recipient.action)));
            recipient.status = status.or_else(|| status::undefined(known, recipient.action));
        }
    }
}

/// On one line, at most a few hundred characters.
pub(super) fn shorten(text: &str) -> String {
    let line = one_line(text);
    let end = line.floor_char_boundary(500);
    line[..end].to_owned()
}

/// What became of the mail, by the words.
fn action_of(subject: &str, lower: &str) -> Action {
    const DELAYED_SUBJECTS: &[&str] = &[
        "delayed",
        "delay)",
        "is delayed",
        "warning: could not send",
        "not yet been delivered",
        "delivery warning",
        "still being retried",
        "försenad",
        "fördröj",
        "forsinke",
        "viivästy",
        "verzögert",
        "vertraagd",
        "retardé",
        "différé",
        "retrasad",
        "ritardat",
        "atrasad",
        "opóźni",
    ];
    const DELAYED: &[&str] = &[
        "has not yet been delivered",
        "have not yet been delivered",
        "will be retried",
        "will continue to try",
        "will continue to attempt",
        "attempts will continue",
        "attempts to deliver the message will continue",
        "this is a warning",
        "just a warning",
        "has been delayed",
        "is delayed",
        "will continue trying",
        "warning message only",
        "has been postponed",
        "do not need to resend",
        "will keep trying",
        "message is delayed",
        "will try again",
        "still trying",
        "fortsätter att försöka",
        "försöker igen",
        "har fördröjts",
        "fortsetter å prøve",
        "fortsætter med at prøve",
        "yrittää edelleen",
        "wird weiterhin versucht",
        "weitere zustellversuche",
        "de nouvelles tentatives",
        "seguirá intentando",
        "verdere pogingen",
        "continuerà a",
        "continuará tentando",
        "będą ponawiane",
    ];
    const FINAL: &[&str] = &[
        "permanent error",
        "given up",
        "giving up",
        "failed permanently",
        "permanent fatal",
        "no longer be",
        "will not be retried",
        "no further attempts",
        "delivery has failed",
        "final attempt",
    ];
    const DONE: &[(&str, Action)] = &[
        ("successfully delivered", Action::Delivered),
        ("has been delivered to the following", Action::Delivered),
        ("was delivered to the following", Action::Delivered),
        ("successful delivery", Action::Delivered),
        ("successfully relayed", Action::Relayed),
        ("relayed to the following", Action::Relayed),
        ("delivery to these recipients or groups is complete", Action::Relayed),
        ("delivery to these recipients or distribution lists is complete", Action::Relayed),
        ("has levererats till följande", Action::Delivered),
    ];
    const FAILED: &[&str] = &["fail", "could not", "couldn't", "not be delivered", "undeliver", "error"];
    let says = |words: &[&str], text: &str| words.iter().any(|w| text.contains(w));
    if (says(DELAYED_SUBJECTS, subject) || says(DELAYED, lower)) && !says(FINAL, lower) {
        return Action::Delayed;
    }
    let done = DONE.iter().find(|(w, _)| lower.contains(w));
    done.filter(|_| !says(FAILED, lower)).map_or(Action::Failed, |(_, action)| *action)
}

struct Found {
    ours: Vec<String>,
    list: Vec<String>,
}

impl Found {
    fn push(&mut self, address: &str) {
        let known = |a: &String| a.eq_ignore_ascii_case(address);
        if self.list.len() <= MAX_RECIPIENTS && !self.ours.iter().any(known) && !self.list.iter().any(known) {
            self.list.push(address.to_owned());
        }
    }

    /// Whom to ask is no recipient, unless nobody else is named.
    fn without_postmasters(&mut self) {
        let is_office = |a: &String| {
            let local = a.split('@').next().unwrap_or_default().to_ascii_lowercase();
            matches!(local.as_str(), "postmaster" | "mailer-daemon" | "hostmaster" | "abuse")
        };
        if self.list.iter().any(|a| !is_office(a)) {
            self.list.retain(|a| !is_office(a));
        }
    }
}

/// Addresses that are never the recipient: the server's own, and ours that the report came to.
fn ours(root: &Part<'_>, from: Option<&Party>) -> Vec<String> {
    let mut out: Vec<String> = from.map(|f| f.address.to_string()).into_iter().collect();
    for name in ["To", "Reply-To", "Sender", "Errors-To", "Delivered-To"] {
        for value in root.fields.all(name).take(5) {
            let parties = crate::mail::address::parties(value, 10, &mut BTreeSet::new());
            out.extend(parties.list.into_iter().map(|p| p.address.to_string()));
        }
    }
    out
}

/// Labels that stand before a failed recipient and nothing else, lower case, without their colon.
const LABELS: &[&str] = &[
    "failed address",
    "failed recipient",
    "failed recipients",
    "failed recipient(s)",
    "undeliverable address",
    "undeliverable to",
    "intended recipient",
    "error-for",
    "addressed to",
    "could not be delivered to",
    "recipient",
    "recipient address",
    "user's mailbox is full",
    "unknown user",
    "invalid final delivery userid",
    "final recipient",
    "original recipient",
    "final-recipient",
    "original-recipient",
    "rejected recipient",
    "mottagare",
    "mottagaradress",
    "mottaker",
    "modtager",
    "vastaanottaja",
    "empfänger",
    "empfängeradresse",
    "destinataire",
    "destinatario",
    "destinatário",
    "geadresseerde",
    "ontvanger",
    "adresat",
    "odbiorca",
    "получатель",
    "收件人",
];

/// `Failed address: x@a.test`, `Recipient: [SMTP:x@a.test]`.
fn labelled<'t>(lines: &[&'t str], i: usize) -> Vec<&'t str> {
    let line = lines[i].trim_start_matches(['>', '*', '-', '•', ' ', '\t']);
    let Some((label, rest)) = line.split_once([':', '：']) else { return Vec::new() };
    let label = label.trim().to_lowercase();
    if !LABELS.contains(&label.as_str()) {
        return Vec::new();
    }
    // A second address on the line is what the server said.
    find_address(rest, 0).into_iter().filter(|(_, at)| *at < 40).map(|(a, _)| a).collect()
}

/// `<x@a.test>:` or `<x@a.test>` at a line's start: qmail, Postfix, Yahoo, Sendmail.
fn angled_first<'t>(lines: &[&'t str], i: usize) -> Vec<&'t str> {
    let line = lines[i].trim_start().trim_start_matches(['*', '•']).trim_start();
    let Some(rest) = line.strip_prefix('<') else { return Vec::new() };
    let Some((address, tail)) = rest.split_once('>') else { return Vec::new() };
    let tail = tail.trim_start();
    let fits = tail.is_empty()
        || tail.starts_with([':', '(', '.', ',', ';', '-'])
        || ["is ", "was ", "delivery failed", "failed"].iter().any(|w| tail.starts_with(w))
        || (tail.len() < 120 && status::meant(tail, Action::Failed).is_some());
    // Within a wrapped diagnostic the address stands too, after a line that goes on.
    let above = lines[..i].last().map(|l| l.trim_end().to_lowercase()).unwrap_or_default();
    let wrapped = above.ends_with("said:") || above.ends_with("message-id:");
    if !fits || wrapped {
        return Vec::new();
    }
    if let Some(first) = expanded_from(tail, lines.get(i + 1).copied().unwrap_or_default()) {
        return vec![first];
    }
    bare(address).into_iter().collect()
}

/// `(expanded from: <x@a.test>)`, `(generated from x@a.test)`: what we wrote to.
fn expanded_from<'t>(tail: &'t str, next: &'t str) -> Option<&'t str> {
    [tail, next].into_iter().find_map(|text| {
        let text = text.trim_start();
        let words = ["(expanded from", "(generated from", "generated from", "(ultimately generated from"];
        let at = words.iter().find(|w| text.get(..w.len()).is_some_and(|t| t.eq_ignore_ascii_case(w)))?;
        find_address(text, at.len()).map(|(a, _)| a)
    })
}

/// Parts of words by which a report announces the addresses below, in the languages of the mail programs.
const ANNOUNCEMENTS: &[&str] = &[
    "recipient",
    "address",
    "deliver",
    "following",
    "failed",
    "reach",
    "mottagar",
    "mottaker",
    "modtager",
    "vastaanottaj",
    "leverera",
    "leveran",
    "levering",
    "empfänger",
    "zugestellt",
    "zustell",
    "recibir",
    "destinat",
    "entreg",
    "remis",
    "recapit",
    "geadresseerde",
    "ontvanger",
    "bezorg",
    "adresat",
    "odbiorc",
    "dostarcz",
    "получател",
    "доставлен",
    "адрес",
    "收件人",
    "退",
];

/// An address alone on its line, below words that announce it.
fn alone<'t>(lines: &[&'t str], i: usize) -> Vec<&'t str> {
    let line = lines[i].trim();
    let stripped = line.trim_start_matches(['>', '*', '-', '•', '"', ' ', '\t', '\'', '[', '·']);
    let Some((address, at)) = find_address(stripped, 0) else { return Vec::new() };
    let before = stripped[..at].trim_matches(['"', '\'', '<', ' ', '[']);
    let after = stripped[at + address.len()..].trim_start_matches(['"', '\'', '>', ')', ']', ' ']);
    let dated = ["on ", "; on", "den ", "am ", "le "].iter().any(|w| after.starts_with(w))
        && after.contains(|c: char| c.is_ascii_digit());
    let display = before.len() <= 60 && stripped[..at].ends_with(['(', '<', '[']) && !before.contains([':', '.', '=']);
    let named = display
        || before.is_empty()
        || before == address
        || before.ends_with("SMTP=")
        || before.eq_ignore_ascii_case("smtp:")
        || (before.starts_with('"') && before.ends_with('"'));
    let after = if after.starts_with("<mailto:") { "" } else { after };
    let again = after.trim_matches(['<', '>', '(', ')']).eq_ignore_ascii_case(address);
    let says = || ["...", "- ", "– ", ", "].iter().any(|w| after.starts_with(w)) && before.is_empty();
    let ends = after.is_empty() || again || after.starts_with([':', '(', '[']) || dated || says();
    let twice = bare(before).is_some_and(|b| b.eq_ignore_ascii_case(address));
    if !((named || twice) && ends) {
        return Vec::new();
    }
    let announced = || {
        lines[i.saturating_sub(12)..i].iter().any(|l| {
            let l = l.to_lowercase();
            ANNOUNCEMENTS.iter().any(|w| l.contains(w))
        })
    };
    if !(dated || announced()) {
        return Vec::new();
    }
    // Whom to ask stands alone too.
    let above = lines[..i].iter().rev().find(|l| !l.trim().is_empty()).map(|l| l.to_lowercase()).unwrap_or_default();
    if ["contact", "assistance", "kontakta", "message-id:", "från:", "from:"].iter().any(|w| above.contains(w))
        && !dated
    {
        return Vec::new();
    }
    let next = lines.get(i + 1).copied().unwrap_or_default();
    vec![expanded_from(after, next).unwrap_or(address)]
}

/// An address within a sentence that says that nothing came through to it.
fn in_phrase<'t>(lines: &[&'t str], i: usize) -> Vec<&'t str> {
    const PHRASES: &[&str] = &[
        "undeliverable",
        "deliver",
        "addressed to",
        "mailbox",
        "userid",
        "recipient",
        "no such user",
        "user unknown",
        "unknown user",
        "does not exist",
        "doesn't exist",
        "rcpt to",
        "full:",
        "not listed",
        "no longer",
        "quota",
        "not found",
        "wasn't found",
        "couldn't be found",
        "rejected",
        "recogni",
        "was not known",
        "invalid",
        "your message to",
        "your mail to",
        "disabled",
        "unavailable",
        "levere",
        "mottagare",
        "zugestellt",
        "nachricht an",
        "doesn't have",
        "does not have",
        "bad address",
        "n'a pas pu",
        "votre message à",
        "no se pudo",
        "su mensaje",
        "recapit",
        "entregue",
        "bericht aan",
        "dostarcz",
        "toimit",
        "не может",
        "退",
    ];
    const NOT: &[&str] = &["contact", "please", "postmaster", "from:", "message-id", "support@", "help@"];
    let lower = lines[i].to_lowercase();
    // The address may be wrapped to the next line of the same sentence.
    let above = lines[..i].last().map(|l| l.to_lowercase()).filter(|l| !l.trim().is_empty());
    let says = PHRASES.iter().any(|p| lower.contains(p) || above.as_ref().is_some_and(|a| a.contains(p)));
    if !says || NOT.iter().any(|w| lower.contains(w)) {
        return Vec::new();
    }
    let mut out = Vec::new();
    let mut from = 0;
    while let Some((address, at)) = find_address(lines[i], from) {
        let before = lines[i][..at].trim_end_matches(['<', '"', '\'', '[']);
        if !["from ", "von ", "från ", "sender ", "from "].iter().any(|w| before.ends_with(w)) {
            out.push(address);
        }
        from = at + address.len();
    }
    out
}

/// `>>> RCPT To:<x@a.test>` of a transcript; what the server answered does not matter, for the report says that it failed.
fn in_transcript<'t>(lines: &[&'t str], i: usize) -> Vec<&'t str> {
    let lower = lines[i].to_ascii_lowercase();
    let Some(at) = lower.find("rcpt to:") else { return Vec::new() };
    find_address(lines[i], at).into_iter().map(|(a, _)| a).collect()
}

/// Servers that show only whom the returned mail was for.
fn returned_to(root: &Part<'_>, report: &str) -> Vec<String> {
    let text = crate::mail::body::text_of(root);
    let text = &text[..text.floor_char_boundary(super::MAX_TEXT)];
    let shown = [report, text].into_iter().flat_map(str::lines).find_map(|line| {
        let line = line.trim_start_matches(['>', ' ', '\t', '|']);
        let value =
            line.strip_prefix("To:").or_else(|| line.strip_prefix("Till:")).or_else(|| line.strip_prefix("An:"))?;
        find_address(value, 0).map(|(a, _)| a.to_owned())
    });
    shown.into_iter().collect()
}

/// A user without a domain, alone below the announcement (AOL, GroupWise and the like write their own users so).
fn bare_user(lines: &[&str]) -> Option<String> {
    let at = lines.iter().position(|l| {
        let l = l.to_lowercase();
        ["following recipient", "to the following", "following user"].iter().any(|w| l.contains(w))
    })?;
    let fits = |word: &&str| {
        word.len() <= 64
            && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-+".contains(&b))
            && !word.ends_with('.')
    };
    lines[at + 1..].iter().map(|l| l.trim()).filter(|l| !l.is_empty()).take(4).find_map(|line| {
        // `userx (no such user)`
        let word = line.split(" (").next().unwrap_or(line).trim();
        Some(word).filter(fits).map(str::to_owned)
    })
}

fn bare(text: &str) -> Option<&str> {
    let text = text.trim().trim_matches(['<', '>', '"', '\'', '[', ']']);
    let text = text.get(..5).filter(|p| p.eq_ignore_ascii_case("smtp:")).map_or(text, |_| &text[5..]);
    Address::parse(text).map(|_| text)
}

/// The first address in `text` from byte `from`, and where it stands.
fn find_address(text: &str, from: usize) -> Option<(&str, usize)> {
    let in_local = |c: char| c.is_alphanumeric() || "!#$%&*+-/?^_`{|}~.=".contains(c);
    let in_domain = |c: char| c.is_alphanumeric() || c == '-' || c == '.';
    let mut search = from;
    while let Some(n) = text.get(search..)?.find('@') {
        let at = search + n;
        let head = &text[..at];
        let start = head.char_indices().rev().take_while(|(_, c)| in_local(*c)).last().map_or(at, |(i, _)| i);
        let start = start.max(from);
        let tail = &text[at + 1..];
        let len = tail.char_indices().take_while(|(_, c)| in_domain(*c)).last().map_or(0, |(i, c)| i + c.len_utf8());
        let end = at + 1 + tail[..len].trim_end_matches(['.', '-']).len();
        // `SMTP=x@a.test`, `auth=x@a.test`: a word before the equals sign is no part of it.
        let local = &text[start..at];
        let skip =
            local.rfind('=').filter(|n| local[..*n].bytes().all(|b| b.is_ascii_alphabetic())).map_or(0, |n| n + 1);
        let start = start + skip;
        let candidate = &text[start..end];
        if Address::parse(candidate).is_some_and(|a| a.domain().contains('.') && !a.domain().starts_with('.')) {
            return Some((candidate, start));
        }
        search = at + 1;
    }
    None
}

/// What is said of an address: of all places that name it the one that says most.
fn said_of(lines: &[&str], lowered: &[String], address: &str) -> String {
    let wanted = address.to_ascii_lowercase();
    let mut best = (0, String::new());
    let named = lowered.iter().enumerate().filter(|(_, l)| l.contains(&wanted));
    for (i, _) in named.take(8) {
        let words = words_at(lines, i, &wanted);
        let rank = match () {
            () if status::code(&words).is_some() => 4,
            () if status::reply_class(&words).is_some() => 3,
            () if status::meant(&words, Action::Failed).is_some() => 2,
            () => usize::from(!words.is_empty()),
        };
        if rank > best.0 {
            best = (rank, words);
        }
    }
    best.1
}

/// The rest of line `i` and the lines that go on with it, up to a blank one or the next address; without the address itself
/// where it only heads them.
fn words_at(lines: &[&str], i: usize, address: &str) -> String {
    let mut out = String::new();
    let mut blank = false;
    for (n, line) in lines[i..].iter().take(9).enumerate() {
        let trimmed = line.trim();
        if n > 0 && trimmed.is_empty() {
            // Outlook and others set the reason below a blank line; what else stands there is for everybody.
            if blank || !out.trim().is_empty() {
                break;
            }
            blank = true;
            let reason = lines[i + n + 1..].iter().map(|l| l.trim()).take_while(|l| !l.is_empty());
            let reason = reason.take(6).collect::<Vec<_>>().join(" ");
            let meant = status::meant(&reason, Action::Failed).is_some_and(|m| !m.ends_with(".4.7"));
            if status::code(&reason).is_none() && !meant {
                break;
            }
            continue;
        }
        let next = n > 0
            && (trimmed.starts_with("---")
                || trimmed.starts_with("===")
                || (trimmed.starts_with('<') && !line.starts_with([' ', '\t']) && !trimmed.starts_with("<<<"))
                || find_address(trimmed, 0).is_some_and(|(a, at)| at < 4 && !a.eq_ignore_ascii_case(address)));
        if next {
            break;
        }
        let rest = if n == 0 { without_heading(trimmed, address) } else { trimmed };
        out.push_str(rest);
        out.push(' ');
    }
    out.trim().to_owned()
}

/// `<x@a.test>: reason` becomes `reason`; a sentence about the address stays whole.
fn without_heading<'t>(line: &'t str, address: &str) -> &'t str {
    let Some((found, at)) = find_address(line, 0).filter(|(a, _)| a.eq_ignore_ascii_case(address)) else { return line };
    let before = line[..at].trim_matches(['<', '"', '\'', '[', '*', '>', '-', '•', ' ', '\t', '(']);
    let label = before.strip_suffix(':').map(|l| l.trim().to_lowercase());
    let heads =
        before.is_empty() || label.is_some_and(|l| LABELS.contains(&l.as_str()) || l == "smtp" || l.ends_with("smtp"));
    if !heads {
        return line;
    }
    let after =
        line[at + found.len()..].trim_start_matches(['>', '"', '\'', ']', ')', ':', ' ', '\t', ',', ';', '.', '-']);
    let dated = after.starts_with("on ") && after.contains(|c: char| c.is_ascii_digit());
    let again = after.trim_matches(['<', '>', '(', ')']).eq_ignore_ascii_case(address);
    if again || dated || after.starts_with("<mailto:") {
        return "";
    }
    after
}

/// The paragraph of the report that says best what went wrong.
fn general_words(lines: &[&str]) -> String {
    let paragraphs = lines.split(|l| l.trim().is_empty());
    let texts = paragraphs.map(|p| p.iter().map(|l| l.trim()).collect::<Vec<_>>().join(" "));
    let mut best = (0, String::new());
    for text in texts.filter(|t| !t.is_empty()).take(60) {
        let rank = match status::meant(&text, Action::Failed) {
            _ if status::code(&text).is_some() => 3,
            // That it took long is what is left to say.
            Some(meant) => {
                if meant.ends_with(".4.7") {
                    1
                } else {
                    2
                }
            }
            None => 0,
        };
        if rank > best.0 {
            best = (rank, text);
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::mime;

    /// `report` as its lines; what is found as `address action status`.
    fn check(report: &str, expect: &[&str]) {
        let raw = b"From: mailer-daemon@mx.test\nTo: support@butik.test\n\nx";
        let root = mime::parse(raw, &mut BTreeSet::new());
        let from = Party::new("", Address::parse("mailer-daemon@mx.test").unwrap());
        let found: Vec<String> = read(&root, Some(&from), "", report)
            .iter()
            .map(|r| format!("{} {} {}", r.address, r.action.as_str(), r.status.as_deref().unwrap_or("-")))
            .collect();
        assert_eq!(found, expect, "{report}");
    }

    #[test]
    fn forms() {
        check("<a@b.test>:\nSorry, no mailbox here by that name. (#5.1.1)\n", &["a@b.test failed 5.1.1"]);
        check(
            "<a@b.test>: host mx.b.test[192.0.2.1] said: 552 mailbox full\n    (in reply to RCPT TO)",
            &["a@b.test failed 5.2.2"],
        );
        check(
            "The following address(es) failed:\n\n  a@b.test\n    Unrouteable address\n  c@d.test\n    retry timeout exceeded\n",
            &["a@b.test failed 5.1.2", "c@d.test failed 4.4.7"],
        );
        check(
            "   ----- The following addresses had permanent fatal errors -----\n<x@b.test>\n    (reason: 550 5.1.1 <x@b.test>... User unknown)\n    (expanded from: <a@b.test>)\n",
            &["x@b.test failed 5.1.1"],
        );
        check("delivery failed\n<x@b.test> (expanded from <a@b.test>): user unknown", &["a@b.test failed 5.1.1"]);
        check("Failed address: a@b.test\n\nThe domain does not exist", &["a@b.test failed 5.1.2"]);
        check(
            "did not reach the following recipient(s):\n\na@b.test on Fri, 20 Nov 2026 09:00\n    The recipient name is not recognized\n",
            &["a@b.test failed 5.1.1"],
        );
        check(
            "A message has not yet been delivered to\n\n  a@b.test\n\nDelivery attempts will continue.",
            &["a@b.test delayed 4.4.7"],
        );
        check("Ditt meddelande till a@b.test kunde inte levereras.\n", &["a@b.test failed 5.0.0"]);
        check(
            "Your mail could not be delivered to these recipients:\n\npostmaster@b.test\n",
            &["postmaster@b.test failed 5.0.0"],
        );
        check("delivery failed\n\n  a@b.test\n\nPlease contact\n  help@b.test\n", &["a@b.test failed 5.0.0"]);
        check("nobody\n", &[]);
    }

    #[test]
    fn addresses_in_text() {
        let check =
            |text: &str, expect: Option<&str>| assert_eq!(find_address(text, 0).map(|f| f.0), expect, "{text:?}");
        check("to <a@b.test>.", Some("a@b.test"));
        check("C=SE;SMTP=a@b.test;", Some("a@b.test"));
        check("a+b=c@b.test", Some("a+b=c@b.test"));
        check("a@b", None);
        check("@ @ @b.test", None);
    }
}
