//! Automatic answers that no header gives away: how they open their subjects and their texts, language by language.
//!
//! A person may write "I am out of office next week, please deliver on Friday". So an opening counts alone only where no person
//! writes it; else two signs are wanted, and a question or a long text is a person's.

use std::sync::LazyLock;

use regex::Regex;

use crate::mail::kind::Signs;
use crate::mail::letter::ReturnPath;

/// What mail programs put before the subject they answer, lower case; followed by a colon no person writes it.
const PREFIXES: &[&str] = &[
    // en
    "automatic reply",
    "automated reply",
    "auto reply",
    "auto-reply",
    "autoreply",
    "automatic response",
    "automated response",
    "auto response",
    "auto-response",
    "autoresponse",
    "autoresponder",
    "auto responder",
    "auto",
    "vacation reply",
    "vacation message",
    "out of office autoreply",
    "out of office reply",
    "out-of-office reply",
    "out of office notification",
    "autorespond",
    "automatic answer",
    "away message",
    "vacation response",
    "ooo autoreply",
    // sv nb da fi
    "automatiskt svar",
    "autosvar",
    "frånvaromeddelande",
    "semestermeddelande",
    "automatisk svar",
    "automatisk svarmelding",
    "fraværsmelding",
    "fraværsbesked",
    "fraværsassistent",
    "fraværsmeddelelse",
    "autosvar fra",
    "automaattinen vastaus",
    "automaattivastaus",
    "poissaoloviesti",
    "poissaoloilmoitus",
    // de nl
    "automatische antwort",
    "automatische rückantwort",
    "automatische antwort von",
    "abwesenheitsnotiz",
    "abwesenheitsmeldung",
    "abwesenheitsbenachrichtigung",
    "autoantwort",
    "automatisch antwoord",
    "automatisch bericht",
    "afwezigheidsbericht",
    "afwezigheidsmelding",
    "automatische beantwortung",
    // fr es it pt pl
    "réponse automatique",
    "réponse automatisée",
    "message d'absence",
    "réponse automatique d'absence",
    "respuesta automática",
    "respuesta automatica",
    "autorespuesta",
    "mensaje automático",
    "risposta automatica",
    "autorisposta",
    "resposta automática",
    "resposta automatica",
    "mensagem automática",
    "automatyczna odpowiedź",
    "odpowiedź automatyczna",
    "autoodpowiedź",
    // further
    "автоответ",
    "автоматический ответ",
    "автоматична відповідь",
    "otomatik yanıt",
    "automatická odpověď",
    "automatikus válasz",
    "automaatvastus",
    "自动回复",
    "自动答复",
    "自動応答",
    "자동 회신",
];

/// What a person may put there too: counts together with words of absence, or in an answer that no person sent.
const WEAK_PREFIXES: &[&str] = &[
    "out of office",
    "out-of-office",
    "out of the office",
    "ooo",
    "on vacation",
    "on holiday",
    "away from office",
    "away",
    "frånvaro",
    "frånvarande",
    "ej på kontoret",
    "inte på kontoret",
    "på semester",
    "semester",
    "fravær",
    "fraværende",
    "ikke til stede",
    "ikke på kontoret",
    "på ferie",
    "ferie",
    "poissa",
    "poissa toimistosta",
    "lomalla",
    "abwesenheit",
    "abwesend",
    "im urlaub",
    "nicht im büro",
    "außer haus",
    "afwezig",
    "afwezigheid",
    "niet aanwezig",
    "absence",
    "absent",
    "absence du bureau",
    "absent du bureau",
    "en congé",
    "en vacances",
    "fuera de la oficina",
    "ausente",
    "ausencia",
    "de vacaciones",
    "fuori ufficio",
    "fuori sede",
    "in ferie",
    "assente",
    "fora do escritório",
    "ausência",
    "de férias",
    "poza biurem",
    "nieobecność",
    "nieobecny",
    "urlop",
];

/// That somebody is not there, in words of an automatic answer, lower case.
const ABSENCE: &[&str] = &[
    // en
    "out of the office",
    "out of office",
    "i am away",
    "i'm away",
    "i will be away",
    "on vacation",
    "on annual leave",
    "on leave until",
    "on leave",
    "on holiday",
    "on holidays",
    "on parental leave",
    "maternity leave",
    "currently away",
    "currently unavailable",
    "currently travelling",
    "currently traveling",
    "not in the office",
    "office is closed",
    "offices are closed",
    "out until",
    "away from my desk",
    "away from the office",
    "limited access to my email",
    "limited access to email",
    "no longer with",
    "no longer work",
    "no longer employed",
    "has left the company",
    // sv
    "jag är på semester",
    "jag har semester",
    "är på semester",
    "jag är ledig",
    "jag är inte på kontoret",
    "jag är ej på kontoret",
    "inte på kontoret",
    "ej på kontoret",
    "jag är inte i tjänst",
    "jag är inte på plats",
    "jag är tjänstledig",
    "jag är föräldraledig",
    "är föräldraledig",
    "jag är bortrest",
    "jag är frånvarande",
    "är frånvarande",
    "på tjänsteresa",
    "är åter",
    "åter på kontoret",
    "tillbaka på kontoret",
    "semesterstängt",
    "kontoret är stängt",
    "jag har slutat",
    "har slutat på",
    "jag är sjukskriven",
    // nb da
    "jeg er på ferie",
    "jeg har ferie",
    "på ferie",
    "jeg er ikke på kontoret",
    "ikke på kontoret",
    "jeg er ikke til stede",
    "tilbake på kontoret",
    "tilbage på kontoret",
    "jeg er tilbake",
    "jeg er tilbage",
    "jeg er fraværende",
    "jeg har fri",
    "jeg er i permisjon",
    "på barsel",
    "jeg holder ferie",
    "kontoret er stengt",
    "kontoret er lukket",
    "jeg har sluttet",
    "jeg er stoppet",
    "ute av kontoret",
    "ude af kontoret",
    // fi
    "olen lomalla",
    "lomalla",
    "en ole paikalla",
    "poissa toimistolta",
    "poissa toimistosta",
    "olen poissa",
    "vuosilomalla",
    "palaan töihin",
    "palaan toimistolle",
    "olen tavoitettavissa",
    "virkavapaalla",
    "äitiyslomalla",
    "vanhempainvapaalla",
    // de
    "nicht im büro",
    "bin ich nicht",
    "nicht im hause",
    "im urlaub",
    "abwesend",
    "außer haus",
    "ausser haus",
    "nicht erreichbar",
    "wieder im büro",
    "wieder erreichbar",
    "keine e-mails lesen",
    "in elternzeit",
    "auf dienstreise",
    "nicht mehr im unternehmen",
    // nl
    "niet op kantoor",
    "afwezig",
    "met vakantie",
    "op vakantie",
    "weer aanwezig",
    "terug op kantoor",
    "niet aanwezig",
    "niet meer werkzaam",
    // fr
    "absent du bureau",
    "absente du bureau",
    "je suis absent",
    "en vacances",
    "en congé",
    "de retour le",
    "de retour au bureau",
    "en déplacement",
    "hors du bureau",
    "actuellement absent",
    "je serai absent",
    "fermé pour congés",
    // es
    "fuera de la oficina",
    "de vacaciones",
    "estoy ausente",
    "estaré ausente",
    "me encuentro ausente",
    "de baja",
    "estaré de vuelta",
    "me incorporaré",
    // it
    "fuori sede",
    "fuori ufficio",
    "in ferie",
    "sono assente",
    "sarò assente",
    "rientrerò",
    "in vacanza",
    "assente dal",
    // pt
    "fora do escritório",
    "de férias",
    "estou ausente",
    "estarei ausente",
    "estarei de volta",
    "ausente do escritório",
    // pl
    "poza biurem",
    "na urlopie",
    "jestem nieobecn",
    "nieobecny",
    "nieobecna",
    "przebywam na",
    "wracam do pracy",
    "wracam do biura",
];

/// What automatic answers say besides, and nobody who wants something of a shop, lower case.
const COURTESIES: &[&str] = &[
    "thank you for your e",
    "thank you for your message",
    "thank you for your mail",
    "thanks for your e",
    "thanks for your message",
    "thanks for reaching out",
    "thank you for contacting",
    "for urgent",
    "if urgent",
    "if your matter is urgent",
    "if it is urgent",
    "if your request is urgent",
    "in urgent cases",
    "in case of emergency",
    "immediate assistance",
    "i will respond",
    "i will reply",
    "i'll respond",
    "i'll reply",
    "will get back to you",
    "respond to your e",
    "upon my return",
    "when i return",
    "please contact",
    "your e-mail will not be forwarded",
    "your email will not be forwarded",
    "as soon as possible after",
    "tack för ditt m",
    "tack för ditt e",
    "tack för mejlet",
    "tack för din e",
    "vid brådskande",
    "brådskande ärende",
    "är det brådskande",
    "om det är brådskande",
    "kontakta",
    "hänvisa",
    "besvarar ditt",
    "svarar på ditt",
    "svarar på mejl",
    "läser inte",
    "läser min",
    "så snart jag",
    "när jag är tillbaka",
    "återkommer",
    "vidarebefordras inte",
    "begränsad tillgång",
    "begränsade möjligheter",
    "takk for din",
    "takk for e-post",
    "takk for henvendelsen",
    "tak for din",
    "tak for mailen",
    "ved hastesaker",
    "ved presserende",
    "haster det",
    "hvis det haster",
    "ved akut",
    "kontakt ",
    "så snart som mulig",
    "når jeg er tilbake",
    "når jeg er tilbage",
    "svarer på din",
    "svare på din",
    "begrenset tilgang",
    "kiitos viestist",
    "kiitos sähköposti",
    "kiireelli",
    "ota yhteyttä",
    "vastaan viestiisi",
    "vastaan sinulle",
    "palattuani",
    "vielen dank für ihre",
    "danke für ihre",
    "vielen dank für deine",
    "in dringenden",
    "dringende",
    "wenden sie sich",
    "kontaktieren sie",
    "ihre e-mail wird nicht",
    "ihre nachricht wird nicht",
    "nach meiner rückkehr",
    "werde ihre",
    "beantworte ihre",
    "weitergeleitet",
    "bedankt voor uw",
    "bedankt voor je",
    "dank voor uw",
    "voor dringende",
    "bij dringende",
    "neem contact op",
    "kunt u contact",
    "na terugkomst",
    "bij mijn terugkeer",
    "zal ik uw",
    "niet doorgestuurd",
    "merci de votre",
    "merci pour votre",
    "en cas d'urgence",
    "en cas d’urgence",
    "pour toute urgence",
    "veuillez contacter",
    "vous pouvez contacter",
    "à mon retour",
    "dès mon retour",
    "je vous répondrai",
    "accès limité",
    "gracias por su",
    "gracias por tu",
    "en caso de urgencia",
    "para asuntos urgentes",
    "si es urgente",
    "póngase en contacto",
    "puede contactar",
    "a mi regreso",
    "a mi vuelta",
    "responderé",
    "contestaré",
    "grazie per la",
    "grazie per il",
    "in caso di urgenz",
    "per urgenze",
    "per comunicazioni urgenti",
    "contattare",
    "al mio rientro",
    "al mio ritorno",
    "risponderò",
    "obrigado pelo",
    "obrigado pela",
    "obrigada pel",
    "em caso de urgência",
    "para assuntos urgentes",
    "contacte ",
    "entre em contato",
    "contactar",
    "no meu regresso",
    "quando regressar",
    "assim que voltar",
    "responderei",
    "dziękuję za wiadomość",
    "dziękuję za e-mail",
    "dziękujemy za",
    "w pilnych sprawach",
    "w sprawach pilnych",
    "w nagłych",
    "proszę o kontakt",
    "proszę kontaktować",
    "po powrocie",
    "odpowiem",
];

/// Sentences in which an automatic answer says what it is, lower case.
const DECLARATIONS: &[&str] = &[
    "this is an automat",
    "this is an auto-",
    "this is an auto reply",
    "this email was automatically generated",
    "this e-mail was automatically generated",
    "this message was automatically generated",
    "this message has been automatically generated",
    "this email has been automatically generated",
    "this is a system generated",
    "this is a system-generated",
    "automatic reply:",
    "this email is automatically generated",
    "this mail was sent automatically",
    "please do not reply to this email",
    "please do not reply to this message",
    "please do not reply to this automat",
    "do not reply to this email",
    "detta är ett automat",
    "det här är ett automat",
    "detta är ett autosvar",
    "detta är ett autogenererat",
    "detta mejl är autogenererat",
    "detta meddelande är automat",
    "detta mail är automat",
    "det går inte att svara på detta",
    "svara inte på detta",
    "autosvar:",
    "dette er en automat",
    "dette er et automat",
    "dette er et autosvar",
    "dette er en autogenerert",
    "denne e-posten er automat",
    "denne mail er automat",
    "denne mail er sendt automat",
    "ikke svar på denne",
    "svar ikke på denne",
    "tämä on automaatti",
    "tämä viesti on automaatti",
    "tämä viesti on lähetetty automaatti",
    "älä vastaa tähän",
    "dies ist eine automat",
    "dies ist eine automatisch",
    "das ist eine automat",
    "diese e-mail wurde automat",
    "diese nachricht wurde automat",
    "bitte antworten sie nicht auf diese",
    "automatisch generierte",
    "dit is een automat",
    "dit bericht is automat",
    "deze e-mail is automat",
    "dit is een geautomatiseerd",
    "ceci est un message automat",
    "ceci est une réponse automat",
    "cet e-mail a été généré automat",
    "ce message a été généré automat",
    "merci de ne pas répondre à ce",
    "ne pas répondre à ce message",
    "este es un mensaje automát",
    "este es un correo automát",
    "esta es una respuesta automát",
    "mensaje generado automáticamente",
    "no responda a este",
    "por favor, no responda",
    "questo è un messaggio automat",
    "questa è una risposta automat",
    "messaggio generato automaticamente",
    "si prega di non rispondere",
    "esta é uma mensagem automát",
    "esta é uma resposta automát",
    "mensagem gerada automaticamente",
    "não responda a este",
    "to jest automatyczn",
    "wiadomość wygenerowana automatycznie",
    "ta wiadomość została wygenerowana automat",
    "prosimy nie odpowiadać na",
    "proszę nie odpowiadać na",
    "это автоматическ",
    "это сообщение создано автоматически",
];

/// Acknowledgements of ticket systems: that something was received, and that it has a number, lower case.
const RECEIVED: &[&str] = &[
    "has been received",
    "we have received your",
    "we've received your",
    "have received your request",
    "thank you for contacting",
    "thanks for contacting",
    "thank you for your request",
    "a ticket has been",
    "ticket has been created",
    "case has been created",
    "request has been created",
    "your request (",
    "has been assigned",
    "has been opened",
    "has been registered",
    "vi har mottagit",
    "vi har tagit emot",
    "ditt ärende har",
    "har registrerats",
    "har skapats",
    "tack för att du kontakta",
    "vi har mottatt",
    "vi har modtaget",
    "din henvendelse er",
    "saken din er",
    "din sag er",
    "er registrert",
    "er registreret",
    "olemme vastaanottaneet",
    "viestisi on vastaanotettu",
    "pyyntösi on",
    "yhteydenottosi on",
    "wir haben ihre",
    "ihre anfrage ist",
    "ihre anfrage wurde",
    "wurde erstellt",
    "ist bei uns eingegangen",
    "wij hebben uw",
    "we hebben uw",
    "uw aanvraag is",
    "is ontvangen",
    "is aangemaakt",
    "nous avons bien reçu",
    "nous avons reçu",
    "votre demande a",
    "a été enregistrée",
    "hemos recibido su",
    "su solicitud ha",
    "ha sido registrad",
    "abbiamo ricevuto",
    "la sua richiesta",
    "la tua richiesta",
    "recebemos a sua",
    "recebemos sua",
    "o seu pedido foi",
    "otrzymaliśmy",
    "państwa zgłoszenie",
    "zgłoszenie zostało",
    "twoje zgłoszenie",
];

/// Openings of an answer's subject that stand before what it answers.
const ANSWERS: &[&str] = &["re:", "sv:", "vs:", "aw:", "antw:", "ré:", "rif:", "res:", "odp:", "r:", "ynt:"];

static IN_ABSENCE: LazyLock<Regex> = LazyLock::new(|| any_of(ABSENCE));
static IN_COURTESIES: LazyLock<Regex> = LazyLock::new(|| any_of(COURTESIES));
static IN_DECLARATIONS: LazyLock<Regex> = LazyLock::new(|| any_of(DECLARATIONS));
static IN_RECEIVED: LazyLock<Regex> = LazyLock::new(|| any_of(RECEIVED));
static NUMBERED: LazyLock<Regex> = LazyLock::new(|| {
    // `[Ticket#2026112010000015]`, `(RT #42)`, `[SHOP-123]`, `Case 00012345`, `Ärende-ID: 42`.
    let written = r"(?i)(?:\[|\()[^\])]{0,40}(?:#\s?\d{2,}|[a-z]{2,10}-\d+|\d{4,})[^\])]{0,20}(?:\]|\))|(?:ticket|case|request|reference|ärende|ärendenummer|sak|sag|tapaus|anfrage|vorgang|zaak|demande|solicitud|richiesta|pedido|zgłoszenie)[ \-]?(?:id|nr|no|number|nummer|numero|numéro)?\.?[:\s#]{1,3}[a-z]{0,4}-?\d{3,}";
    Regex::new(written).expect("a constant expression")
});

pub(super) fn any_of(words: &[&str]) -> Regex {
    let quoted: Vec<String> = words.iter().map(|w| regex::escape(w)).collect();
    // A list of words is always an expression.
    Regex::new(&quoted.join("|")).expect("words make an expression")
}

/// How much of a text is its beginning, in characters.
const HEAD: usize = 700;
/// How long an automatic answer is at most, in characters; whoever has more to say is a person.
const SHORT: usize = 1_500;

fn head(text: &str) -> String {
    text.chars().take(HEAD).collect::<String>().to_lowercase()
}

/// Words of absence in the beginning of a text.
fn absence_words(text: &str) -> Option<String> {
    IN_ABSENCE.find(&head(text)).map(|m| m.as_str().to_owned())
}

/// An opening of the subject, followed by a colon or nothing. `Re: Automatiskt svar: …` is a person who answers a robot.
pub(super) fn subject(signs: &Signs<'_>) -> Option<String> {
    let lower = signs.subject.to_lowercase();
    let lower = lower.trim_start_matches(['[', '(', '*', ' ', '<']);
    let after = |opening: &str| {
        let rest = lower.strip_prefix(opening)?;
        Some(rest.trim_start_matches([']', ')', '*', '>', ' ', '\u{a0}']).to_owned())
    };
    let supported = || {
        *signs.return_path == ReturnPath::Empty
            || suppresses(signs)
            || (signs.text.chars().count() <= SHORT && !signs.text.contains('?') && absence_words(signs.text).is_some())
    };
    let mut found = PREFIXES.iter().filter_map(|opening| {
        let rest = after(opening)?;
        let colon = rest.starts_with([':', '：']);
        let alone = rest.is_empty()
            || rest.starts_with(['-', '–', '!', '.', ',', '|'])
            || ANSWERS.iter().any(|a| rest.starts_with(a));
        (colon || (alone && *opening != "auto" && supported())).then(|| format!("Subject: {opening}"))
    });
    let mut weak = WEAK_PREFIXES.iter().filter_map(|opening| {
        let rest = after(opening)?;
        let ends = rest.is_empty()
            || rest.starts_with([':', '：', '-', '–', '!', '.', ',', '|', '('])
            || ANSWERS.iter().any(|a| rest.starts_with(a))
            || ["until", "till", "t.o.m", "bis ", "tot ", "jusqu", "hasta", "fino", "até", "do "]
                .iter()
                .any(|w| rest.starts_with(w));
        (ends && supported()).then(|| format!("Subject: {opening}"))
    });
    found.next().or_else(|| weak.next())
}

fn suppresses(signs: &Signs<'_>) -> bool {
    let value = signs.value("X-Auto-Response-Suppress");
    value.contains("all") || value.contains("autoreply") || value.contains("oof")
}

/// Words of absence together with a field that is no sign alone.
pub(super) fn sign_and_words(signs: &Signs<'_>) -> Option<String> {
    let bulk = matches!(signs.value("Precedence").as_str(), "bulk" | "junk");
    let sign = if *signs.return_path == ReturnPath::Empty {
        "empty Return-Path"
    } else if signs.fields().has("X-Loop") {
        "X-Loop"
    } else if suppresses(signs) {
        "X-Auto-Response-Suppress"
    } else if signs.fields().has("X-MS-Exchange-Inbox-Rules-Loop") {
        "X-MS-Exchange-Inbox-Rules-Loop"
    } else if bulk && !signs.fields().has("List-Id") {
        "Precedence"
    } else {
        return None;
    };
    let words = absence_words(signs.text).or_else(|| {
        let head = head(signs.text);
        IN_DECLARATIONS.find(&head).map(|m| m.as_str().to_owned())
    })?;
    Some(format!("{sign} and the words \"{words}\""))
}

/// A text that says of itself that it is automatic: at its beginning; or, from an address that nobody reads, anywhere.
pub(super) fn declared(signs: &Signs<'_>) -> Option<String> {
    let text = signs.text.trim();
    let unread = is_unread(signs);
    let lower = if unread { text.to_lowercase() } else { text.chars().take(250).collect::<String>().to_lowercase() };
    let found = IN_DECLARATIONS.find(&lower)?;
    // Whoever shows us a robot's mail asks or tells something first.
    let before = &lower[..found.start()];
    let opens = before.chars().count() <= 120 && !before.contains('?') && before.lines().count() <= 4;
    let sentence = before.trim_end_matches([' ', '*', '-', '_', '(', '[', '"']);
    let begins = sentence.is_empty() || sentence.ends_with(['\n', '.', '!', ',', ':']);
    (unread || (opens && begins && !before.contains(['"', '”', '“'])))
        .then(|| format!("the words \"{}\"", found.as_str()))
}

/// `noreply@` and the like: nobody types mail there. Alone it is no sign, for forms on web sites send so too.
fn is_unread(signs: &Signs<'_>) -> bool {
    let local = signs.from.map(|f| f.address.local().replace(['-', '_', '.'], "")).unwrap_or_default();
    [
        "noreply",
        "donotreply",
        "ingetsvar",
        "svaraej",
        "ikkesvar",
        "eivastausta",
        "keineantwort",
        "nepasrepondre",
        "noresponder",
    ]
    .iter()
    .any(|w| local.starts_with(w))
}

/// An acknowledgement of a ticket system: it answers, it says that something was received, and it gives it a number.
pub(super) fn ticket(signs: &Signs<'_>) -> Option<String> {
    let text = signs.text.trim();
    if text.chars().count() > 2 * SHORT {
        return None;
    }
    let head = head(text);
    let received = IN_RECEIVED.find(&head)?.as_str().to_owned();
    let numbered = NUMBERED.is_match(signs.subject) || NUMBERED.is_match(&head);
    let office = signs.from.is_some_and(|f| {
        let local = f.address.local();
        [
            "support",
            "help",
            "service",
            "kundtj",
            "kundeservice",
            "asiakaspalvelu",
            "ticket",
            "desk",
            "info",
            "noreply",
            "no-reply",
        ]
        .iter()
        .any(|w| local.contains(w))
    });
    let asks = head.find('?').is_some_and(|q| q < 200);
    (numbered
        && office
        && !asks
        && (signs.is_answer() || is_unread(signs) || IN_DECLARATIONS.is_match(&text.to_lowercase())))
    .then(|| format!("an acknowledgement: \"{received}\" and a number"))
}

/// An automatic answer without any header: it answers, it is short, asks nothing, says that somebody is away, and what
/// automatic answers say besides.
pub(super) fn absence(signs: &Signs<'_>) -> Option<String> {
    let text = signs.text.trim();
    if text.contains('?') || text.chars().count() > SHORT {
        return None;
    }
    let lower = signs.subject.to_lowercase();
    let answers = signs.is_answer()
        || ANSWERS.iter().any(|a| lower.starts_with(a))
        || WEAK_PREFIXES.iter().any(|w| lower.starts_with(w));
    if !answers {
        return None;
    }
    let head = head(text);
    let away = IN_ABSENCE.find(&head).filter(|m| m.start() < 250)?;
    let courtesy = IN_COURTESIES.find(&head)?;
    if WANTS.iter().any(|w| head.contains(w)) {
        return None;
    }
    Some(format!("the words \"{}\" and \"{}\"", away.as_str(), courtesy.as_str()))
}

/// What a customer who is away wants of us: then a person wrote it, lower case.
const WANTS: &[&str] = &[
    "deliver",
    "my order",
    "my parcel",
    "my package",
    "refund",
    "order number",
    "could you",
    "can you",
    "please send",
    "please deliver",
    "min order",
    "min beställning",
    "mitt paket",
    "min leverans",
    "leverera",
    "leverans",
    "ordernummer",
    "kan ni",
    "kan du",
    "skicka",
    "min bestilling",
    "min pakke",
    "pakken",
    "levere",
    "kan dere",
    "kan i ",
    "send ",
    "tilaukseni",
    "pakettini",
    "toimit",
    "meine bestellung",
    "mein paket",
    "lieferung",
    "liefern",
    "können sie",
    "könnten sie",
    "schicken",
    "mijn bestelling",
    "mijn pakket",
    "bezorg",
    "lever",
    "kunt u mij",
    "ma commande",
    "mon colis",
    "livraison",
    "livrer",
    "pouvez-vous",
    "mi pedido",
    "mi paquete",
    "entrega",
    "enviar",
    "il mio ordine",
    "il mio pacco",
    "consegna",
    "spedire",
    "meu pedido",
    "minha encomenda",
    "moje zamówienie",
    "moja paczka",
    "dostaw",
];

#[cfg(test)]
mod tests;
