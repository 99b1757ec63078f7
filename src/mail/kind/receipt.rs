//! Receipts and complaints: that a mail was read, or thrown away unread, or marked as spam (RFC 8098, RFC 5965).

use crate::mail::kind::Signs;
use crate::mail::lower::lower;

/// Reports that are no delivery reports.
pub(super) fn report(signs: &Signs<'_>) -> Option<String> {
    let kind = signs.root.content_type.get("report-type").unwrap_or_default().to_ascii_lowercase();
    if signs.root.media_type == "multipart/report" && !kind.is_empty() && kind != "delivery-status" {
        return Some(format!("Content-Type: multipart/report; report-type={kind}"));
    }
    let parts = ["message/disposition-notification", "message/feedback-report"];
    let found = parts.iter().find(|p| signs.root.children.iter().any(|c| c.media_type == **p));
    found.map(|p| format!("a part {p}"))
}

/// What mail programs put before the subject of a receipt, lower case, without the colon.
const SUBJECTS: &[&str] = &[
    "read",
    "not read",
    "read receipt",
    "return receipt",
    "return receipt (displayed)",
    "disposition notification",
    "receipt",
    "läst",
    "ej läst",
    "inte läst",
    "oläst",
    "läskvitto",
    "läskvittens",
    "kvitto",
    "lest",
    "ikke lest",
    "ulest",
    "lesebekreftelse",
    "læst",
    "ikke læst",
    "ulæst",
    "kvittering for læsning",
    "luettu",
    "ei luettu",
    "lukukuittaus",
    "gelesen",
    "nicht gelesen",
    "ungelesen gelöscht",
    "lesebestätigung",
    "empfangsbestätigung",
    "gelezen",
    "niet gelezen",
    "leesbevestiging",
    "lu",
    "non lu",
    "accusé de lecture",
    "confirmation de lecture",
    "accusé de réception (affiché)",
    "leído",
    "no leído",
    "confirmación de lectura",
    "letto",
    "non letto",
    "conferma di lettura",
    "lida",
    "não lida",
    "lido",
    "recibo de leitura",
    "confirmação de leitura",
    "przeczytano",
    "przeczytane",
    "nie przeczytano",
    "potwierdzenie przeczytania",
    "прочитано",
    "не прочитано",
    "已读",
    "未读",
];

/// What its text says, lower case.
const WORDS: &[&str] = &[
    "was read on",
    "has been read",
    "was read at",
    "was displayed on",
    "message was displayed",
    "deleted without being read",
    "was not read",
    "mail was displayed",
    "this is a receipt for the mail",
    "this is a return receipt",
    "read receipt",
    "lästes den",
    "lästes ",
    "har lästs",
    "blev läst",
    "togs bort utan att",
    "raderades utan att",
    "har öppnats",
    "läskvitto",
    "ble lest",
    "er lest",
    "har blitt lest",
    "slettet uten å",
    "blev læst",
    "er blevet læst",
    "slettet uden at",
    "luettiin",
    "on luettu",
    "poistettiin lukematta",
    "wurde gelesen",
    "gelesen am",
    "ungelesen gelöscht",
    "ohne gelesen",
    "angezeigt",
    "is gelezen",
    "werd gelezen",
    "verwijderd zonder",
    "a été lu",
    "été supprimé sans",
    "a été affiché",
    "se leyó",
    "ha sido leído",
    "fue leído",
    "se eliminó sin",
    "è stato letto",
    "è stato visualizzato",
    "eliminato senza",
    "foi lida",
    "foi lido",
    "foi excluída sem",
    "foi eliminada sem",
    "został przeczytan",
    "została przeczytan",
    "przeczytano",
    "usunięt",
    "прочитано",
    "已阅读",
    "已被阅读",
];

/// How long a receipt's text may be, in characters.
const MAX_TEXT: usize = 700;

/// A receipt in words: the subject's opening, and a short text that says so or says nothing.
pub(super) fn in_words(signs: &Signs<'_>) -> Option<String> {
    let subject = lower(signs.subject);
    let (opening, _) = subject.split_once([':', '：'])?;
    let opening = opening.trim();
    let known = SUBJECTS.iter().find(|s| **s == opening)?;
    let text = lower(signs.text.trim());
    let short = text.chars().count() <= MAX_TEXT;
    let says = WORDS.iter().any(|w| text.contains(w));
    (short && (says || text.is_empty()) && !text.contains('?')).then(|| format!("Subject: {known} (a receipt)"))
}
