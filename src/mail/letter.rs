//! What a letter says, once read. Reading never fails: what is odd is a [`Defect`].

use crate::mail::quote;
use crate::model::{Address, Kind, Party, Time};

/// One mail as svar understands it. Text is UTF-8 with `\n`, without U+0000; Message-IDs stand without angle brackets.
#[derive(Clone, Debug, PartialEq)]
pub struct Letter {
    pub message_id: Option<String>,
    pub in_reply_to: Vec<String>,
    /// Oldest first, as they stand.
    pub references: Vec<String>,
    /// The author: From; where that is missing Sender, then Reply-To.
    pub from: Option<Party>,
    /// One From header with one address that can be read. Anything else proves nothing.
    pub from_is_single: bool,
    pub reply_to: Vec<Party>,
    pub to: Vec<Party>,
    pub cc: Vec<Party>,
    /// `Delivered-To`, `X-Original-To`, `Envelope-To`: where it was delivered, topmost first.
    pub delivered_to: Vec<Address>,
    /// `Return-Path`, topmost.
    pub return_path: ReturnPath,
    /// Decoded, on one line.
    pub subject: String,
    /// The subject without reply and forward prefixes, ticket tags and case, for comparison only.
    pub base_subject: String,
    /// `Date`: what the sender claims.
    pub sent_at: Option<Time>,
    pub kind: Kind,
    /// The header or rule that decided `kind`.
    pub why: String,
    /// The whole readable text.
    pub text: String,
    /// What the sender wrote this time: `text` without the quote and the signature.
    pub new_text: String,
    /// The HTML of what the sender wrote this time, not cleaned yet: see [`Letter::new_html`].
    pub rich: Option<Rich>,
    /// Whether the end of `new_text` is certain: nothing below it can be the sender's, nothing in it can be quoted.
    pub end_is_certain: bool,
    /// What was cut from `text` to make `new_text`.
    pub cuts: Vec<Cut>,
    /// ISO 639-1 of `new_text`, where it could be told.
    pub language: Option<String>,
    pub attachments: Vec<Attachment>,
    /// The original of a forwarded mail.
    pub original: Option<Original>,
    pub bounce: Option<Bounce>,
    /// What a web form yielded, where a rule of the configuration says that the letter is one.
    pub form: Option<crate::mail::form::Entry>,
    /// `List-Id` without angle brackets and name, lower case (RFC 2919).
    pub list_id: Option<String>,
    /// Who wrote it, where a group has put itself into From: `X-Original-From`, else `X-Original-Sender`. Unverified.
    pub original_from: Option<Party>,
    /// `Received`, topmost first.
    pub received: Vec<Hop>,
    /// `Authentication-Results`, topmost first.
    pub authentication: Vec<AuthenticationResults>,
    /// `X-MS-Exchange-Organization-AuthAs`.
    pub exchange_auth_as: Option<String>,
    /// The conversation of Outlook's `Thread-Index`: its first 22 bytes, in hexadecimal.
    pub thread_index: Option<String>,
    /// The mail program, as it calls itself: `User-Agent`, else `X-Mailer`.
    pub client: Option<String>,
    /// `X-Svar-Id`, unverified.
    pub svar_id: Option<String>,
    /// `X-Svar-Probe`, unverified.
    pub probe: Option<String>,
    /// SHA-256 in hexadecimal over decoded From, Date, Subject and text: equal for one message however its bytes were rebuilt.
    pub sameness: String,
    pub defects: Vec<Defect>,
    pub size_bytes: usize,
}

/// HTML that is balanced and shallow, but as the sender wrote it. Only [`Letter::new_html`] lets it out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rich(pub(in crate::mail) String);

impl Letter {
    /// The HTML of what the sender wrote this time, cleaned (no scripts, styles, remote pictures); `None` for plain text mail, or
    /// where the end of the new part could not be found in the HTML. Worked out at each call: few letters are asked for it.
    #[must_use]
    pub fn new_html(&self) -> Option<String> {
        let Rich(html) = self.rich.as_ref()?;
        quote::cleaned(html, &self.new_text)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReturnPath {
    Absent,
    /// `<>`
    Empty,
    Address(Address),
}

/// A stretch of the text that was cut, and the rule that cut it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// A name such as `attribution`, `quote`, `signature-dashes`, `outlook-header`, `svar-separator`.
    pub rule: &'static str,
    pub lines: usize,
    /// The first line of what was cut, shortened.
    pub first_line: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// Decoded; never empty, never a path.
    pub name: String,
    /// `image/png`, lower case.
    pub media_type: String,
    /// Shown within the text (a Content-ID that the HTML names, or disposition inline of a picture).
    pub inline: bool,
    /// Without angle brackets.
    pub content_id: Option<String>,
    /// SHA-256 of `data` in hexadecimal.
    pub sha256: String,
    pub data: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Original {
    pub from: Option<Party>,
    pub subject: String,
    /// When it was sent, where that is exact: a header that was attached or printed whole.
    pub sent_at: Option<Time>,
    /// The date as it was printed, in whatever language and zone; "" if none was.
    pub date: String,
    pub text: String,
    pub how: Forwarded,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forwarded {
    Attached,
    Inline,
}

/// A delivery report (RFC 3464, or the words of a server that sends none).
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Bounce {
    /// Of the mail that bounced.
    pub message_id: Option<String>,
    /// The `X-Svar-Id` of the mail that bounced, where its headers came back.
    pub svar_id: Option<String>,
    pub recipients: Vec<BouncedRecipient>,
    /// The rule that recognised it.
    pub rule: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BouncedRecipient {
    pub address: String,
    pub action: Action,
    pub status: Option<String>,
    pub diagnostic: Option<String>,
}

/// RFC 3464, 2.3.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Failed,
    Delayed,
    Relayed,
    Delivered,
    Expanded,
}

impl Action {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Delayed => "delayed",
            Self::Relayed => "relayed",
            Self::Delivered => "delivered",
            Self::Expanded => "expanded",
        }
    }
}

/// One `Received` header (RFC 5321, 4.4).
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Hop {
    pub from: String,
    pub by: String,
    /// `ESMTPSA`, `LMTP` …, upper case.
    pub with: String,
    pub at: Option<Time>,
    /// The login that a comment names (`Authenticated sender: x`, `auth=x`).
    pub login: Option<String>,
}

/// One `Authentication-Results` header (RFC 8601).
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct AuthenticationResults {
    /// Lower case; empty where the header has none, as Microsoft 365 writes it.
    pub authserv_id: String,
    /// How many `Received` headers stand above it.
    pub received_above: usize,
    pub results: Vec<MethodResult>,
}

/// `dmarc=pass header.from=a.test`: method, result and properties, lower case.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct MethodResult {
    pub method: String,
    pub result: String,
    /// `("header.from", "a.test")`
    pub properties: Vec<(String, String)>,
}

macro_rules! defects {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)*) => {
        /// What is odd about a letter. Data, never an error.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Defect { $($(#[$doc])* $name,)* }

        impl Defect {
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }
        }
    };
}

defects! {
    NoHeader = "no header",
    NoFrom = "no From",
    SeveralFrom = "several From",
    NoMessageId = "no Message-ID",
    SeveralMessageIds = "several Message-IDs",
    NoDate = "no Date that can be read",
    NoBody = "no body",
    BrokenMime = "broken MIME structure",
    TooDeep = "MIME nested too deeply; the rest is one attachment",
    TooManyParts = "too many MIME parts; the rest was left out",
    TooManyReferences = "too many references; the oldest were left out",
    TooManyRecipients = "too many recipients; the last were left out",
    UnknownCharset = "unknown charset; guessed",
    BadEncoding = "damaged transfer encoding",
    HtmlTooDeep = "HTML nested too deeply; tags were dropped",
    HtmlTooBig = "HTML too big; read as text without its tags",
    Encrypted = "encrypted; what it says cannot be read here",
    BrokenTnef = "winmail.dat that could not be unpacked",
    Nul = "U+0000 was replaced",
    Truncated = "taken without its attachments, which stay in the mailbox",
    SameIdOtherText = "Message-ID already used by another mail",
}
