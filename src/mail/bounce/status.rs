//! What went wrong, as a status code (RFC 3463): the code that is written, else what the words mean.

use std::sync::LazyLock;

use regex::Regex;

use crate::mail::bounce::server::any_of;
use crate::mail::letter::Action;

/// How the class of a meaning is found.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    /// 5 where delivery failed, 4 where it is delayed.
    ByAction,
    /// 4: it passes by itself, even where the server has given up.
    Transient,
}

struct Meaning {
    /// Subject and detail: `1.1`.
    code: &'static str,
    class: Class,
    /// Lower case.
    words: &'static [&'static str],
}

/// The first that applies decides: what says more stands above what says less.
const MEANINGS: &[Meaning] = &[
    Meaning {
        code: "4.6",
        class: Class::ByAction,
        words: &[
            " loop",
            "mail loop",
            "too many hops",
            "hop count",
            "hops exceeded",
            "too many received",
            "schleife",
            "hopcount",
        ],
    },
    Meaning {
        code: "2.2",
        class: Class::ByAction,
        words: &[
            "mailbox full",
            "mailbox is full",
            "folder is full",
            "är full",
            "er full",
            "er fuld",
            "quota",
            "box full",
            "is full",
            "mailbox has exceeded",
            "full mailbox",
            "over quota",
            "overquota",
            "over disk quota",
            "over the quota",
            "quota exceeded",
            "exceeded quota",
            "exceeds quota",
            "exceeded its quota",
            "exceeded storage",
            "exceeds the storage",
            "exceeded the space",
            "out of storage",
            "inbox is full",
            "inbox is out of",
            "storage quota",
            "mailfolder is over",
            "exceeded allotted",
            "exceeds allowed size",
            "exceeded the local limit",
            "not enough disk space",
            "insufficient storage",
            "insufficient disk",
            "mailbox size limit",
            "user is over",
            "disk quota",
            "quotaexceed",
            "allocated storage",
            "boite pleine",
            "boîte aux lettres pleine",
            "boîte aux lettres est pleine",
            "boîte de réception",
            "brevlådan är full",
            "postlådan är full",
            "inkorgen är full",
            "postkassen er full",
            "postkassen er fuld",
            "postboksen er full",
            "postilaatikko on täynnä",
            "postfach ist voll",
            "postfach voll",
            "postfach des empfängers ist voll",
            "speicherplatz",
            "postvak is vol",
            "postvak vol",
            "buzón está lleno",
            "buzón lleno",
            "casella piena",
            "casella di posta è piena",
            "casella postale piena",
            "caixa de correio está cheia",
            "caixa cheia",
            "skrzynka jest pełna",
            "skrzynka pocztowa jest pełna",
            "переполнен",
            "邮箱已满",
            "空间不足",
            "容量已满",
        ],
    },
    Meaning {
        code: "3.4",
        class: Class::ByAction,
        words: &[
            "message too large",
            "message is too large",
            "message too big",
            "message is too big",
            "too large",
            "size limit",
            "message size",
            "exceeds maximum",
            "exceeds the maximum",
            "exceeds size",
            "sizelimit",
            "exceeds limit",
            "maximum message size",
            "mail size",
            "larger than",
            "för stort",
            "för stor",
            "for stor",
            "liian suuri",
            "zu groß",
            "zu gross",
            "te groot",
            "trop volumineux",
            "trop grand",
            "demasiado grande",
            "troppo grande",
            "muito grande",
            "zbyt duża",
            "слишком велик",
            "过大",
        ],
    },
    Meaning {
        code: "2.1",
        class: Class::ByAction,
        words: &[
            "disabled",
            "deactivated",
            "inactive",
            "suspended",
            "not active",
            "no longer active",
            "blocked account",
            "account has been closed",
            "account is closed",
            "has been discontinued",
            "account expired",
            "not accepting mail",
            "not accepting messages",
            "temporarily locked",
            "account locked",
            "has not been collected",
            "inaktiverat",
            "avstängd",
            "deaktivert",
            "deaktiveret",
            "deaktiviert",
            "gesperrt",
            "désactivé",
            "suspendu",
            "desactivad",
            "disattivat",
            "disabilitat",
            "desativad",
            "uitgeschakeld",
            "заблокирован",
            "停用",
            "冻结",
        ],
    },
    Meaning {
        code: "1.2",
        class: Class::ByAction,
        words: &[
            "host unknown",
            "unknown host",
            "host not found",
            "domain not found",
            "unknown domain",
            "domain does not exist",
            "domain doesn't exist",
            "no such domain",
            "name service error",
            "nxdomain",
            "domain name not found",
            "no route to host could be found",
            "unrouteable mail domain",
            "unrouteable address",
            "unroutable address",
            "unrouteable",
            "bad destination host",
            "bad destination system",
            "couldn't find any host",
            "could not find any host",
            "can't find a valid mx",
            "no mx",
            "no a, aaaa or mx",
            "mx lookup",
            "host lookup did not complete",
            "dns error",
            "no matches to nameserver query",
            "illegal host/domain",
            "hostname lookup",
            "unresolvable",
            "domänen hittades inte",
            "okänd domän",
            "domänen finns inte",
            "domäne wurde nicht gefunden",
            "domain existiert nicht",
            "domain nicht gefunden",
            "domaine introuvable",
            "dominio no existe",
            "dominio non esiste",
            "domein bestaat niet",
            "domein niet gevonden",
            "domínio não",
            "域名不存在",
            "不存在的域",
        ],
    },
    Meaning {
        code: "1.1",
        class: Class::ByAction,
        words: &[
            "user unknown",
            "unknown user",
            "unknown recipient",
            "no such user",
            "no such recipient",
            "no such mailbox",
            "no such address",
            "no such account",
            "no such person",
            "unknown address",
            "unknown mailbox",
            "unknown local",
            "invalid recipient",
            "invalid address",
            "invalid mailbox",
            "invalid user",
            "invalid final delivery",
            "bad address",
            "recipient not found",
            "recipnotfound",
            "user not found",
            "not found",
            "couldn't be found",
            "could not be found",
            "can't be found",
            "wasn't found",
            "does not exist",
            "doesn't exist",
            "do not exist",
            "not exist",
            "no mailbox here",
            "mailbox unavailable",
            "mailbox not available",
            "no mailbox",
            "not listed in",
            "not our customer",
            "not a known user",
            "is not known",
            "not recognized",
            "unrecognized",
            "did not recognize",
            "was not known",
            "not a valid",
            "doesn't have",
            "does not have",
            "no longer on server",
            "no longer valid",
            "user doesn't",
            "is unavailable",
            "recipient unknown",
            "nonexistent",
            "non-existent",
            "isn't listed",
            "address error",
            "verify failed",
            "verification failed",
            "not known at this",
            "hittades inte",
            "finns inte",
            "gick inte att hitta",
            "okänd mottagare",
            "okänd användare",
            "finnes ikke",
            "finnes ikkje",
            "ble ikke funnet",
            "blev ikke fundet",
            "findes ikke",
            "ukendt modtager",
            "ukjent mottaker",
            "ei löydy",
            "tuntematon",
            "ukendt",
            "ukjent",
            "ei löytynyt",
            "ei ole olemassa",
            "unbekannt",
            "nicht gefunden",
            "existiert nicht",
            "niet gevonden",
            "bestaat niet",
            "onbekend",
            "introuvable",
            "n'existe pas",
            "inconnu",
            "no se encontr",
            "no existe",
            "desconocid",
            "non trovat",
            "non esiste",
            "sconosciut",
            "inesistente",
            "não encontrad",
            "não existe",
            "nie znalezion",
            "nie istnieje",
            "nieznany",
            "не найден",
            "не существует",
            "不存在",
        ],
    },
    Meaning {
        code: "7.1",
        class: Class::ByAction,
        words: &[
            "relaying",
            "relay denied",
            "relay not",
            "relay access",
            "to relay",
            "spam",
            "blocked",
            "blacklist",
            "blocklist",
            "block list",
            "black list",
            "policy",
            "not permitted",
            "not authorized",
            "unauthorized",
            "not allowed",
            "access denied",
            "permission",
            "prohibited",
            "reputation",
            "rejected by",
            "content rejected",
            "message rejected",
            "rejected due",
            "was refused",
            "denied",
            "restricted",
            "dmarc",
            "spf",
            "dnsbl",
            " rbl",
            "spamhaus",
            "virus",
            "message content",
            "content filter",
            "banned",
            "unsolicited",
            "bulk email filter",
            "moderat",
            "don't accept",
            "does not accept",
            "not accept mail from",
            "avvisades",
            "avvist",
            "afvist",
            "hylättiin",
            "abgelehnt",
            "geweigerd",
            "refusé",
            "rechaza",
            "rifiutat",
            "rejeitad",
            "odrzuc",
            "отклонен",
            "垃圾",
            "拒绝",
        ],
    },
    Meaning {
        code: "4.1",
        class: Class::Transient,
        words: &[
            "connection refused",
            "no answer",
            "not responding",
            "did not respond",
            "wasn't able to establish",
            "unreachable",
            "not reachable",
            "could not connect",
            "couldn't connect",
            "connection timed out",
            "connection attempts failed",
            "no response",
            "connect to",
            "unable to connect",
            "network is",
            "host is down",
            "connection dropped",
            "connection reset",
            "lost connection",
            "svarade inte",
            "antwortet nicht",
            "nicht erreichbar",
            "ne répond pas",
        ],
    },
    Meaning {
        code: "4.7",
        class: Class::Transient,
        words: &[
            "timed out",
            "timeout",
            "time expired",
            "expired",
            "too old",
            "retry timeout",
            "retry time",
            "queued too long",
            "been in the queue too long",
            "in queue too long",
            "allowed queue period",
            "have been trying",
            "on the queue",
            "not yet been delivered",
            "delayed",
            "delay",
            "försenad",
            "försenats",
            "fördröj",
            "forsinke",
            "viivästy",
            "verzögert",
            "vertraagd",
            "retardé",
            "retraso",
            "retrasado",
            "ritard",
            "atrasad",
            "opóźni",
            "will retry",
            "will be retried",
            "attempts will continue",
            "despite repeated attempts",
            "attempts to deliver",
            " attempts",
            "days",
        ],
    },
];

static EXPRESSIONS: LazyLock<Vec<Regex>> = LazyLock::new(|| MEANINGS.iter().map(|m| any_of(m.words)).collect());

/// The first `5.1.1` of `text` (RFC 3463).
pub(super) fn code(text: &str) -> Option<String> {
    text.split(|c: char| !(c.is_ascii_digit() || c == '.')).find_map(|word| {
        let parts: Vec<&str> = word.trim_matches('.').split('.').collect();
        let class = matches!(parts.first(), Some(&("2" | "4" | "5")));
        let small = parts.iter().all(|p| (1..=3).contains(&p.len()));
        (class && small && parts.len() == 3).then(|| parts.join("."))
    })
}

/// The class that a bare SMTP reply code (`550`) has, as a digit.
pub(super) fn reply_class(text: &str) -> Option<char> {
    let mut words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '.');
    words.find_map(|word| {
        let fits = word.len() == 3 && word.bytes().all(|b| b.is_ascii_digit()) && word.as_bytes()[1] <= b'5';
        word.chars().next().filter(|c| fits && matches!(c, '4' | '5'))
    })
}

/// What the words mean; `None` where they mean nothing that is known.
pub(super) fn meant(words: &str, action: Action) -> Option<String> {
    if matches!(action, Action::Relayed | Action::Delivered | Action::Expanded) {
        return None;
    }
    let lower = words.to_lowercase();
    let at = EXPRESSIONS.iter().position(|e| e.is_match(&lower))?;
    let meaning = &MEANINGS[at];
    let by_action = if action == Action::Delayed { '4' } else { '5' };
    let class = match meaning.class {
        Class::Transient => '4',
        Class::ByAction => reply_class(words).unwrap_or(by_action),
    };
    Some(format!("{class}.{}", meaning.code))
}

/// Where nothing is said at all: failed, or delayed, and no more.
pub(super) fn undefined(words: &str, action: Action) -> Option<String> {
    match action {
        Action::Failed => Some(format!("{}.0.0", reply_class(words).unwrap_or('5'))),
        Action::Delayed => Some("4.0.0".to_owned()),
        Action::Relayed | Action::Delivered | Action::Expanded => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes() {
        assert_eq!(code("550 5.1.1 <x>"), Some("5.1.1".to_owned()));
        assert_eq!(code("(#5.7.1)"), Some("5.7.1".to_owned()));
        assert_eq!(code("1.2.3.4 10.0.0.1 500"), None);
        assert_eq!(reply_class("said: 452 full"), Some('4'));
        assert_eq!(reply_class("550-no"), Some('5'));
        assert_eq!(reply_class("in 24 hours, 1500 bytes, 5.1.1, 499x, 580"), None);
    }

    #[test]
    fn words() {
        let check = |words: &str, expect: &str| {
            assert_eq!(meant(words, Action::Failed).unwrap_or_default(), expect, "{words:?}");
        };
        check("550 <x>... User unknown", "5.1.1");
        check("Brevlådan är full", "5.2.2");
        check("452 mailbox full", "4.2.2");
        check("Host unknown (Name server: no data known)", "5.1.2");
        check("554 relaying denied", "5.7.1");
        check("message size exceeds limit", "5.3.4");
        check("Das Postfach des Empfängers ist voll.", "5.2.2");
        check("account disabled", "5.2.1");
        check("too many hops", "5.4.6");
        check("retry timeout exceeded", "4.4.7");
        check("Connection refused", "4.4.1");
        check("Bonjour", "");
        assert_eq!(meant("mailbox full", Action::Delayed).as_deref(), Some("4.2.2"));
        assert_eq!(meant("mailbox full", Action::Delivered), None);
    }
}
