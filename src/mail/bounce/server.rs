//! Whether a mail without a machine-readable report is a mail server's: by its sender, its subject and its words.

use std::sync::LazyLock;

use regex::Regex;

use crate::mail::address;
use crate::mail::bounce::{MAX_TEXT, returned, status};
use crate::mail::letter::ReturnPath;
use crate::mail::mime::Part;
use crate::model::Party;

/// What the rules look at.
pub(super) struct Looks<'a> {
    /// The sender is a mail server by its name.
    pub daemon: bool,
    /// The sender is a postmaster: a server, or the person who looks after one.
    pub postmaster: bool,
    /// `multipart/report`, of no other kind.
    pub is_report: bool,
    /// `report-type=delivery-status`.
    pub names_status: bool,
    pub null_path: bool,
    pub failed_recipients: bool,
    /// It answers a mail, and no robot says that it is one.
    answers: bool,
    subject_says: bool,
    subject_opens: bool,
    text_says: bool,
    /// Words that no person uses who complains of a parcel.
    technical: bool,
    /// The report without the returned mail.
    pub head: &'a str,
}

/// A rule of the table.
pub(super) struct Rule {
    /// What `why` says.
    pub name: &'static str,
    /// Without a recipient that can be read it is no delivery report.
    pub needs_recipient: bool,
    applies: fn(&Looks<'_>) -> bool,
}

/// The first that applies decides.
const RULES: &[Rule] = &[
    Rule { name: "X-Failed-Recipients", needs_recipient: false, applies: |l| l.failed_recipients },
    Rule {
        name: "Content-Type: multipart/report; report-type=delivery-status",
        needs_recipient: false,
        applies: |l| l.names_status && l.is_report,
    },
    Rule { name: "Content-Type: multipart/report", needs_recipient: false, applies: |l| l.is_report },
    Rule {
        name: "a mail server's name and words",
        needs_recipient: false,
        applies: |l| l.daemon && (l.subject_says || l.text_says),
    },
    Rule {
        name: "a postmaster's name and the words of a mail server",
        needs_recipient: false,
        applies: |l| l.postmaster && !l.answers && l.subject_says && (l.text_says || l.null_path),
    },
    Rule {
        name: "a postmaster's name, an empty Return-Path and the words of a mail server",
        needs_recipient: true,
        applies: |l| l.postmaster && !l.answers && l.text_says && l.null_path,
    },
    Rule {
        name: "an empty Return-Path and the words of a mail server",
        needs_recipient: true,
        applies: |l| l.null_path && !l.answers && l.subject_says && l.text_says,
    },
    Rule {
        name: "the subject and the words of a mail server",
        needs_recipient: true,
        applies: |l| !l.answers && l.subject_opens && l.text_says && l.technical,
    },
];

pub(super) fn recognise(looks: &Looks<'_>) -> Option<&'static Rule> {
    RULES.iter().find(|rule| (rule.applies)(looks))
}

impl<'a> Looks<'a> {
    pub fn at(root: &Part<'_>, from: Option<&Party>, subject: &str, text: &'a str) -> Self {
        let report_type = root.content_type.get("report-type");
        let is_report = root.media_type == "multipart/report"
            && report_type.is_none_or(|t| t.eq_ignore_ascii_case("delivery-status"));
        let names_status = report_type.is_some_and(|t| t.eq_ignore_ascii_case("delivery-status"));
        let (daemon, postmaster) = sender(root, from);
        let failed_recipients = root.fields.has("X-Failed-Recipients");
        let null_path = address::return_path(root.fields.first("Return-Path")) == ReturnPath::Empty;
        let subject = subject.to_lowercase();
        let subject_says = IN_SUBJECT.is_match(&subject);
        let whole = &text[..text.floor_char_boundary(MAX_TEXT)];
        // Most mail is nobody's report: nothing more is looked at then.
        let needed = is_report || names_status || daemon || postmaster || failed_recipients || subject_says;
        let head = if needed { returned::report_part(whole) } else { whole };
        let text_says = needed && IN_TEXT.is_match(&head.to_lowercase());
        let technical = text_says && is_technical(head);
        let automatic = root.fields.plain("Auto-Submitted").is_some_and(|v| !v.to_ascii_lowercase().starts_with("no"));
        let answers = root.fields.has("In-Reply-To") && !automatic;
        let opening = subject.trim_start_matches(['*', '[', ' ']);
        let subject_opens = subject_says && OPENINGS.iter().any(|o| opening.starts_with(o));
        Self {
            daemon,
            postmaster,
            is_report,
            names_status,
            null_path,
            failed_recipients,
            answers,
            subject_says,
            subject_opens,
            text_says,
            technical,
            head,
        }
    }
}

/// Whether the sender is a server by its name; whether it is at least a postmaster.
fn sender(root: &Part<'_>, from: Option<&Party>) -> (bool, bool) {
    const LOCALS: &[&str] = &[
        "mailer-daemon",
        "mailer_daemon",
        "mailerdaemon",
        "mail-daemon",
        "maildaemon",
        "mdaemon",
        "mail.delivery.system",
        "maildelivery",
        "mail-delivery",
        "microsoftexchange",
        "mailsystem",
        "mailrouter",
        "smtp_mail_service",
        "e500_smtp_mail_service",
        "bounce-daemon",
        "double-bounce",
        "delivery-failure",
        "deliveryfailure",
    ];
    const NAMES: &[&str] = &[
        "mail delivery system",
        "mail delivery subsystem",
        "mail delivery service",
        "mail delivery agent",
        "mailer-daemon",
        "mailer daemon",
        "mail router",
        "delivery subsystem",
        "internet mail delivery",
        "mailmarshal",
    ];
    // Persons bear such names too.
    const TITLES: &[&str] = &[
        "postmaster",
        "mail administrator",
        "mail system",
        "mail delivery",
        "system administrator",
        "systemadministrat",
        "administrateur système",
        "administrador del sistema",
        "amministratore di sistema",
        "systeembeheerder",
        "järjestelmänvalvoja",
    ];
    // `Mail Delivery System <>` has no address that could be read.
    let raw = root.fields.plain("From").unwrap_or_default().to_ascii_lowercase();
    let local = from.map(|f| f.address.local().to_owned()).unwrap_or_default();
    let name = from.map(|f| f.name.to_lowercase()).unwrap_or_default();
    let daemon = LOCALS.iter().any(|l| local.starts_with(l))
        || matches!(local.as_str(), "ndr" | "smtpd" | "mailer")
        || NAMES.iter().any(|n| raw.contains(n) || name.contains(n));
    let nobody = from.is_none() && (raw.contains("postmaster") || raw.trim().trim_matches(['<', '>']).is_empty());
    let postmaster = ["postmaster", "mailadmin", "mail-admin", "mailmaster"].iter().any(|l| local.starts_with(l))
        || TITLES.iter().any(|t| name.starts_with(t));
    (daemon || nobody, daemon || nobody || postmaster)
}

fn is_technical(head: &str) -> bool {
    const WORDS: &[&str] = &[
        "automatically",
        "non-delivery report",
        "rcpt to",
        "mail server",
        "mail system",
        "smtp",
        "mailbox",
        "original message",
        "old message",
        "returned to you",
        "e-mail address",
        "email address",
        "e-postadress",
        "e-mail-adresse",
        "adresse de messagerie",
        "recipients or groups",
        "following recipient",
        "following address",
    ];
    let lower = head.to_lowercase();
    status::code(head).is_some() || status::reply_class(head).is_some() || WORDS.iter().any(|w| lower.contains(w))
}

/// How subjects of delivery reports that come from nobody in particular begin, lower case.
const OPENINGS: &[&str] = &[
    "undeliver",
    "undelivered",
    "delivery",
    "returned mail",
    "failure notice",
    "failure delivery",
    "mail delivery",
    "mail failure",
    "mail could not",
    "mail undeliver",
    "mail system error",
    "mail status report",
    "non-delivery",
    "nondelivery",
    "e-mail could not",
    "email could not",
    "your message could not",
    "your message to",
    "message could not",
    "message delivery",
    "message undeliver",
    "message not delivered",
    "message status",
    "permanent delivery",
    "warning:",
    "error sending",
    "failed mail",
    "failed to deliver",
    "could not send",
    "unable to deliver",
    "rejected:",
    "blocked:",
    "[bounce]",
    "bounce:",
    "bounce]",
    "olevererbar",
    "ej levererat",
    "leveransfel",
    "misslyckad leverans",
    "kan ikke leveres",
    "ulevert",
    "unzustellbar",
    "nicht zugestellt",
    "non remis",
    "échec de la remise",
    "onbestelbaar",
    "niet bezorgd",
    "no entregable",
    "no se puede entregar",
    "non recapitabile",
    "não entregue",
    "não é possível entregar",
    "nie można dostarczyć",
    "niedostarczalne",
    "ei voi toimittaa",
    "系统退信",
    "退信",
];

/// What subjects of delivery reports contain, lower case.
const SUBJECTS: &[&str] = &[
    "undeliver",
    "delivery status notification",
    "delivery failure",
    "delivery failed",
    "delivery has failed",
    "delivery notification",
    "delivery report",
    "delivery problem",
    "delivery error",
    "delivery warning",
    "delivery incomplete",
    "delivery delayed",
    "delivery status",
    "delivery is delayed",
    "failure delivery",
    "returned mail",
    "returned to sender",
    "return to sender",
    "failure notice",
    "mail failure",
    "failed mail",
    "mail system error",
    "mail status report",
    "non-delivery",
    "nondeliver",
    "not deliverable",
    "could not be delivered",
    "couldn't be delivered",
    "could not deliver",
    "unable to deliver",
    "failed to deliver",
    "not delivered",
    "error sending",
    "could not send",
    "user unknown",
    "unknown user",
    "message delayed",
    "delayed mail",
    "delayed 24 hours",
    "delayed:",
    "has not yet been delivered",
    "message undeliver",
    "mail delivery",
    "message status - ",
    "nameserver error report",
    "[bounce]",
    "blocked by our",
    "message you sent blocked",
    "rejected mail",
    "rejected:",
    "blocked:",
    "olevererbar",
    "olevererat",
    "ej levererat",
    "ej levererad",
    "kunde inte levereras",
    "kunde inte leverera",
    "leveransfel",
    "leveransrapport",
    "misslyckad leverans",
    "leverans försenad",
    "returnerat mail",
    "returnerat mejl",
    "kunne ikke leveres",
    "kunne ikke levere",
    "kan ikke leveres",
    "ikke levert",
    "ulevert",
    "ikke leveret",
    "toimittaminen epäonnistui",
    "ei voi toimittaa",
    "ei voitu toimittaa",
    "toimitus epäonnistui",
    "toimittamatta",
    "unzustellbar",
    "nicht zugestellt",
    "konnte nicht zugestellt",
    "nicht zustellbar",
    "zustellung fehlgeschlagen",
    "fehler bei der zustellung",
    "zustellungsfehler",
    "rückläufer",
    "non remis",
    "échec de la remise",
    "échec de remise",
    "non délivré",
    "non distribué",
    "no se puede entregar",
    "no entregable",
    "no entregado",
    "no se ha podido entregar",
    "error de entrega",
    "onbestelbaar",
    "niet bezorgd",
    "niet afgeleverd",
    "impossibile recapitare",
    "non recapitabile",
    "mancato recapito",
    "mancata consegna",
    "não entregue",
    "não é possível entregar",
    "falha na entrega",
    "niedostarczalne",
    "nie można dostarczyć",
    "nie dostarczono",
    "недоставлен",
    "не доставлено",
    "ошибка доставки",
    "退信",
    "无法投递",
];

/// What their texts say, lower case.
const TEXTS: &[&str] = &[
    "could not be delivered",
    "couldn't be delivered",
    "couldn’t be delivered",
    "can not be delivered",
    "could not deliver",
    "couldn't deliver",
    "not able to deliver",
    "wasn't able to deliver",
    "was not able to deliver",
    "was not delivered",
    "wasn't delivered",
    "unable to deliver",
    "unable to be delivered",
    "cannot be delivered",
    "can't be delivered",
    "cannot deliver",
    "undeliverable",
    "undelivered",
    "could not be sent",
    "trouble delivering",
    "error delivering",
    "delivery has failed",
    "delivery failed",
    "delivery failure",
    "delivery to the following",
    "delevery to the following",
    "delivery is delayed",
    "delivery of email to this address",
    "did not reach",
    "has not been delivered",
    "have not been delivered",
    "not been delivered",
    "not yet been delivered",
    "did not get delivered",
    "did not receive",
    "has been delayed",
    "is delayed",
    "failed permanently",
    "failed to deliver",
    "failed address",
    "failed recipient",
    "recipients failed",
    "recipient failed",
    "recipients was rejected",
    "message not delivered",
    "mail not delivered",
    "has encountered delivery problems",
    "had delivery problems",
    "had delivery errors",
    "problem with the e-mail address",
    "problems with the recipient",
    "permanent fatal errors",
    "permanent errors",
    "transient non-fatal errors",
    "transcript of session",
    "returned because",
    "returned to you",
    "was rejected by",
    "was automatically rejected",
    "rejected recipient",
    "has been postponed",
    "has been blocked",
    "not delivered to",
    "invalid final delivery",
    "no such user",
    "user unknown",
    "unknown user",
    "unknown recipient",
    "user not found",
    "recipient not found",
    "recipient unknown",
    "did not recognize",
    "not listed in",
    "mailbox is full",
    "mailbox full",
    "exceeds allowed size",
    "over quota",
    "no mailbox here",
    "error has occurred while attempting to deliver",
    "following address",
    "following addresses",
    "here is your list of failed",
    "did not like our rcpt",
    "non remis",
    "could not be reached",
    "kunde inte levereras",
    "har inte levererats",
    "inte levererats",
    "gick inte att leverera",
    "leverans till",
    "levererades inte",
    "kunne ikke leveres",
    "ble ikke levert",
    "blev ikke leveret",
    "levering til",
    "leveringen mislyktes",
    "mislykkedes",
    "ei voitu toimittaa",
    "toimitus epäonnistui",
    "toimittaminen epäonnistui",
    "konnte nicht zugestellt",
    "konnten nicht zugestellt",
    "nicht zugestellt",
    "nachrichtenzustellung",
    "nicht ausgeliefert",
    "n'a pas pu être",
    "n’a pas pu être",
    "n'ont pas pu être",
    "échec de la remise",
    "n'est pas parvenu",
    "no pudo ser entregado",
    "no se pudo entregar",
    "no se ha podido entregar",
    "no se ha entregado",
    "error de entrega",
    "kon niet worden",
    "kan niet worden bezorgd",
    "kan bericht niet bezorgen",
    "niet bezorgd",
    "non è stato possibile recapitare",
    "impossibile recapitare",
    "recapito non riuscito",
    "non è stato recapitato",
    "não pôde ser entregue",
    "não foi possível entregar",
    "não foi entregue",
    "falha na entrega",
    "nie można dostarczyć",
    "nie dostarczono",
    "nie została dostarczona",
    "nie mogła zostać dostarczona",
    "не может быть доставлено",
    "не удалось доставить",
    "не доставлено",
    "无法投递",
    "退回",
    "投递失败",
];

/// Every letter's subject is asked for all of these: they are looked for in one pass.
static IN_SUBJECT: LazyLock<Regex> = LazyLock::new(|| any_of(SUBJECTS));
static IN_TEXT: LazyLock<Regex> = LazyLock::new(|| any_of(TEXTS));

/// Matches where one of `words` stands.
pub(super) fn any_of(words: &[&str]) -> Regex {
    let quoted: Vec<String> = words.iter().map(|w| regex::escape(w)).collect();
    // A list of words is always an expression.
    Regex::new(&quoted.join("|")).expect("words make an expression")
}
