//! The nouns of the desk: times, ids, addresses, states. Their invariants live in the constructors.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A moment, whole seconds since 1970-01-01T00:00:00Z. Printed as RFC 3339 in UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(i64);

impl Time {
    pub const MINUTE: i64 = 60;
    pub const HOUR: i64 = 3600;
    pub const DAY: i64 = 86_400;

    /// Seconds outside the years 0001 to 9999 are clamped, so that every `Time` can be printed.
    #[must_use]
    pub const fn from_unix(seconds: i64) -> Self {
        const MIN: i64 = -62_135_596_800;
        const MAX: i64 = 253_402_207_200;
        if seconds < MIN {
            Self(MIN)
        } else if seconds > MAX {
            Self(MAX)
        } else {
            Self(seconds)
        }
    }

    #[must_use]
    pub const fn unix(self) -> i64 {
        self.0
    }

    #[must_use]
    pub const fn plus(self, seconds: i64) -> Self {
        Self::from_unix(self.0.saturating_add(seconds))
    }

    /// Seconds from `earlier` to `self`; negative if `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Reads RFC 3339, such as `2026-11-20T08:01:02Z`.
    #[must_use]
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        let stamp: jiff::Timestamp = text.trim().parse().ok()?;
        Some(Self::from_unix(stamp.as_second()))
    }

    #[must_use]
    pub fn timestamp(self) -> jiff::Timestamp {
        jiff::Timestamp::from_second(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.timestamp())
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse_rfc3339(&text).ok_or_else(|| serde::de::Error::custom("no time as RFC 3339"))
    }
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl $name {
            /// The id after this one.
            #[must_use]
            pub const fn next(self) -> Self {
                Self(self.0 + 1)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

ids! {
    /// The number of a ticket, shown as `#42`.
    TicketNo;
    /// A message on a ticket.
    MessageNo;
    CustomerNo;
    /// Something that many customers write about at once: the number of the question whose `#send` began it.
    IncidentNo;
    /// A raw letter in custody.
    LetterNo;
    /// A mail in the outbox.
    ParcelNo;
    /// Something set aside.
    QuarantineNo;
    /// Something that waits for an agent's `#send`.
    AskNo;
    /// One text to many tickets.
    BulkNo;
    /// A place that mail comes from: (host, user, folder).
    SourceNo;
}

/// A mail address: lower-cased, the domain in ASCII (IDNA), one `@`, no white space or control characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Address(String);

impl Address {
    /// `None` if `text` is no address that mail could be sent to.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if is_plain(text) { Some(Self(text.to_owned())) } else { Self::parse_any(text) }
    }

    fn parse_any(text: &str) -> Option<Self> {
        let text = text.trim().trim_start_matches('<').trim_end_matches('>');
        let (local, domain) = text.rsplit_once('@')?;
        let bad = |c: char| c.is_control() || c.is_whitespace() || matches!(c, '<' | '>' | ',' | ';' | ':' | '(' | ')');
        if local.is_empty() || domain.is_empty() || text.len() > 320 || text.contains(bad) || local.contains('@') {
            return None;
        }
        let domain =
            if domain.is_ascii() { domain.to_ascii_lowercase() } else { idna::domain_to_ascii(domain).ok()? };
        // IDNA makes ordinary characters of those of full width, a blank of an accent that stands alone, and nothing of a soft hyphen:
        // only now is it seen whether anything stands there, and something that would end an address.
        if domain.is_empty()
            || domain.starts_with('.')
            || domain.ends_with('.')
            || domain.contains("..")
            || domain.contains(bad)
            || domain.contains('@')
        {
            return None;
        }
        let whole = format!("{}@{domain}", local.to_lowercase());
        (whole.len() <= 320).then_some(Self(whole))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    #[must_use]
    pub fn local(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |p| p.0)
    }

    #[must_use]
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |p| p.1)
    }

    /// What stands between the first `+` and the `@` (RFC 5233's detail): `x` of `support+x@a.test`.
    #[must_use]
    pub fn detail(&self) -> Option<&str> {
        self.local().split_once('+').map(|p| p.1)
    }

    /// The address without its detail: `support@a.test` of `support+x@a.test`.
    #[must_use]
    pub fn plain(&self) -> Self {
        match self.local().split_once('+') {
            Some((user, _)) if !user.is_empty() => Self(format!("{user}@{}", self.domain())),
            _ => self.clone(),
        }
    }

    /// Whether one of these stands in `text`, as an address of its own: `ann@a.test` does not stand in `joann@a.test`. In any case of
    /// letters.
    pub fn any_stands_in<'a>(addresses: impl IntoIterator<Item = &'a Self>, text: &str) -> bool {
        let lower = text.to_lowercase();
        lower.contains('@') && addresses.into_iter().any(|address| address.stands_in(&lower))
    }

    fn stands_in(&self, lower: &str) -> bool {
        let inner = |c: char| c.is_alphanumeric() || "._+-".contains(c);
        lower.match_indices(self.as_str()).any(|(at, found)| {
            let mut behind = lower.get(at + found.len()..).unwrap_or_default().chars();
            // A full stop or a dash behind it may end a sentence.
            let goes_on = match behind.next() {
                Some('.' | '-') => behind.next().is_some_and(char::is_alphanumeric),
                next => next.is_some_and(char::is_alphanumeric),
            };
            !goes_on && !lower.get(..at).unwrap_or_default().ends_with(inner)
        })
    }

    /// The address with a detail: `support+x@a.test` of `support@a.test`.
    #[must_use]
    pub fn with_detail(&self, detail: &str) -> Self {
        let plain = self.plain();
        Self(format!("{}+{detail}@{}", plain.local(), plain.domain()))
    }
}

/// Whether `text` stands as [`Address`] would write it, as nearly all do that are read back.
fn is_plain(text: &str) -> bool {
    let plain = |b: &u8| {
        b.is_ascii_graphic() && !b.is_ascii_uppercase() && !matches!(b, b'<' | b'>' | b',' | b';' | b':' | b'(' | b')')
    };
    let Some((local, domain)) = text.split_once('@') else { return false };
    let dots = domain.starts_with('.') || domain.ends_with('.') || domain.contains("..");
    let whole = !local.is_empty() && !domain.is_empty() && !domain.contains('@') && !dots;
    whole && text.len() <= 320 && text.as_bytes().iter().all(plain)
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A name and an address, as they stand in From, To or Cc. The name has no control characters and may be empty.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Party {
    pub name: String,
    pub address: Address,
}

impl Party {
    #[must_use]
    pub fn new(name: &str, address: Address) -> Self {
        Self { name: one_line(name), address }
    }
}

/// `text` on one line: control characters and runs of white space become one space, bidi overrides go.
#[must_use]
pub fn one_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()) {
        let before = out.len();
        if before > 0 && !word.is_empty() {
            out.push(' ');
        }
        out.extend(
            word.chars().filter(|c| !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')),
        );
    }
    out.trim().to_owned()
}

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant,)* }

        impl $name {
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word that the database, JSON and queries use.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            #[must_use]
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|v| v.as_str() == word)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
    )*};
}

words! {
    /// Where a ticket stands.
    State {
        /// We owe the customer an answer.
        Open = "open",
        /// Answered; the customer's turn.
        Pending = "pending",
        /// Parked by an agent until a time.
        Held = "held",
        Closed = "closed",
        Spam = "spam",
        /// Points to the survivor.
        Merged = "merged",
    }

    /// Which way a message went.
    Direction {
        In = "in",
        Out = "out",
        Note = "note",
        Auto = "auto",
    }

    /// What a letter is: RFC 3834's distinction, and RFC 3464's reports.
    Kind {
        Person = "person",
        /// A robot's reply: out of office, acknowledgement.
        Auto = "auto",
        /// A delivery report.
        Bounce = "bounce",
        /// Bulk or list mail.
        List = "list",
    }

    Priority {
        Low = "low",
        Normal = "normal",
        High = "high",
        Urgent = "urgent",
    }

    /// How a matter came to us.
    Channel {
        Mail = "mail",
        Pipe = "pipe",
        Import = "import",
    }

    /// What a mail in the outbox is. The order is the order of sending: answers before anything else.
    ParcelKind {
        /// A person's answer to a customer.
        Answer = "answer",
        /// A question to a third party, the carrier say.
        Ask = "ask",
        /// To an agent: something waits for his `#send`, was refused, or failed.
        Confirm = "confirm",
        /// A customer's mail, to an agent.
        Notify = "notify",
        /// Our acknowledgement to a customer.
        Acknowledge = "acknowledge",
        /// A report to a manager.
        Report = "report",
        /// One of many mails of one text: behind everything else.
        Bulk = "bulk",
    }

    /// How far one text to many tickets has come.
    BulkState {
        /// Somebody wants it; its tickets are not looked up yet.
        Wanted = "wanted",
        /// Ticket by ticket it is looked whether the text can be filled.
        Checked = "checked",
        /// The preview waits for somebody's word.
        Asked = "asked",
        /// Mails are written, a few at a time, and sent.
        Running = "running",
        /// Somebody has said stop: what has not left stays here.
        Stopping = "stopping",
        /// It is over, and whoever wanted it was told.
        Over = "over",
        /// It was never sent.
        Dropped = "dropped",
    }

    /// Where one ticket of a bulk stands.
    BulkStep {
        /// Found by the query, not looked at yet.
        Found = "found",
        /// Its mail is still to be written.
        Ready = "ready",
        /// The customer gets her mail on another ticket; what comes of that comes of this.
        Joined = "joined",
        /// Its mail lies in the outbox.
        Queued = "queued",
        /// SMTP accepted it.
        Sent = "sent",
        /// SMTP refused it, or it was given up.
        Failed = "failed",
        /// Nothing is sent, and why stands beside it.
        LeftOut = "left-out",
        /// Somebody said stop before it had left.
        Stopped = "stopped",
    }

    /// What one of us is to be told of.
    NoticeKind {
        /// A customer has written.
        Message = "message",
        /// A clock will soon be past its target.
        Warning = "warning",
        /// A clock is past its target.
        Breach = "breach",
    }

    /// What a clock waits for.
    Wait {
        Response = "response",
        Resolution = "resolution",
    }

    /// How far alarm has been raised about a clock.
    AlarmStage {
        /// The assignee was warned, or all on duty.
        Warning = "warning",
        /// Half of the rest has passed: all on duty were warned.
        Widened = "widened",
        /// It is past its target.
        Breach = "breach",
        /// The customer was told that a promise will not be kept.
        LateNote = "late-note",
    }

    /// Where a mail in the outbox stands.
    ParcelState {
        Queued = "queued",
        /// Handed to a connection; only the holder of the lock may have such ones.
        Claimed = "claimed",
        /// Every recipient was accepted or refused, at least one accepted.
        Sent = "sent",
        /// Waits for somebody's word.
        Held = "held",
        /// Given up, or refused for every recipient.
        Failed = "failed",
        Dropped = "dropped",
    }

    /// Where one recipient of a mail in the outbox stands.
    RecipientState {
        Waiting = "waiting",
        Accepted = "accepted",
        Refused = "refused",
        /// Tried for days, then given up.
        GivenUp = "given_up",
        /// Accepted, and bounced later.
        Bounced = "bounced",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_stands_in_a_text_as_a_whole() {
        let ann = Address::parse("ann@kund.test").unwrap();
        let stands = |text: &str| Address::any_stands_in([&ann], text);
        for text in [
            "Ann@Kund.test",
            "<ann@kund.test>",
            "rfc822;ann@kund.test",
            "\"ann@kund.test\"",
            "fråga ann@kund.test.",
            "ann@kund.test-",
        ] {
            assert!(stands(text), "{text}");
        }
        for text in [
            "joann@kund.test",
            "jo.ann@kund.test",
            "ann@kund.test.se",
            "ann@kund.tests",
            "ann@kund.test-x.se",
            "x+ann@kund.test",
        ] {
            assert!(!stands(text), "{text}");
        }
    }

    #[test]
    fn addresses_are_lower_case_ascii_domains() {
        let ok = |t: &str| Address::parse(t).map(|a| a.to_string());
        assert_eq!(ok(" <Anna@Example.TEST> ").as_deref(), Some("anna@example.test"));
        assert_eq!(ok("x@räksmörgås.se").as_deref(), Some("x@xn--rksmrgs-5wao1o.se"));
        for bad in ["", "anna", "@a.test", "a@", "a b@c.test", "a@b@c.test", "a@b\r\n.test", "a@.test", "a,b@c.test"] {
            assert_eq!(ok(bad), None, "{bad:?}");
        }
        // What the fuzzer found: IDNA turns these into blanks, brackets, commas and further `@`.
        for bad in [
            "c@\u{a8}uti\u{e4}rst",
            "r\u{161}@\u{af}\u{300}",
            "a@b.test\u{ff1e}",
            "a@b\u{ff0c}c.test",
            "a@b\u{ff20}c.test",
        ] {
            assert_eq!(ok(bad), None, "{bad:?}");
        }
        let long = format!("{}@{}.test", "a".repeat(200), "\u{e4}\u{4e00}".repeat(20));
        assert!(ok(&long).is_none_or(|a| a.len() <= 320));
        let a = Address::parse("support+t42.x@a.test").unwrap();
        assert_eq!(a.detail(), Some("t42.x"));
        assert_eq!(a.plain().as_str(), "support@a.test");
        assert_eq!(a.plain().with_detail("desk").as_str(), "support+desk@a.test");
    }

    proptest::proptest! {
        #[test]
        fn plain_addresses_stand_as_they_are(text in "[a-zA-Z.+@< ,\u{e4}-]{0,5}@[a-zA-Z.@> \u{e4}-]{0,6}") {
            proptest::prop_assert_eq!(Address::parse(&text), Address::parse_any(&text));
        }
    }

    #[test]
    fn times_print_as_rfc_3339() {
        let t = Time::parse_rfc3339("2026-11-20T09:01:02+01:00").unwrap();
        assert_eq!(t.to_string(), "2026-11-20T08:01:02Z");
        assert_eq!(t.plus(58).since(t), 58);
        assert!(Time::from_unix(i64::MAX).to_string().starts_with("9999-"));
    }

    #[test]
    fn one_line_has_no_control_characters() {
        assert_eq!(one_line(" a\r\n\tb\0c \u{202e}d "), "a b c d");
    }
}
