//! What forms call their fields, in the languages of the customers, and what they say of themselves.

use std::collections::BTreeSet;

use crate::mail::address;
use crate::mail::form::Form;
use crate::model::{Address, Party};

/// A field that means something to the desk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    Name,
    FirstName,
    LastName,
    Address,
    /// Name and address in one, as in a mail's header.
    From,
    Phone,
    /// When the customer wants to be called.
    Call,
    Subject,
    Text,
}

impl Field {
    /// All that a rule of the configuration may name, by their keys there.
    pub const ALL: &'static [(&'static str, Self)] = &[
        ("name", Self::Name),
        ("first_name", Self::FirstName),
        ("last_name", Self::LastName),
        ("address", Self::Address),
        ("phone", Self::Phone),
        ("call", Self::Call),
        ("subject", Self::Subject),
        ("text", Self::Text),
    ];
}

/// The usual labels: lower case, without colon, star and question mark.
const USUAL: &[(Field, &[&str])] = &[
    (
        Field::Name,
        &[
            "name",
            "your name",
            "full name",
            "customer name",
            "contact name",
            "customer",
            "namn",
            "ditt namn",
            "för- och efternamn",
            "förnamn och efternamn",
            "kund",
            "kundnamn",
            "kundens namn",
            "kontaktperson",
            "navn",
            "ditt navn",
            "dit navn",
            "fulde navn",
            "fullt navn",
            "for- og etternavn",
            "for- og efternavn",
            "kunde",
            "nimi",
            "nimesi",
            "koko nimi",
            "etu- ja sukunimi",
            "ihr name",
            "vor- und nachname",
            "vollständiger name",
            "ansprechpartner",
            "naam",
            "uw naam",
            "nom",
            "votre nom",
            "nom complet",
            "nombre",
            "nombre completo",
            "nome",
            "nome completo",
            "imię i nazwisko",
        ],
    ),
    (
        Field::FirstName,
        &[
            "first name",
            "firstname",
            "given name",
            "förnamn",
            "fornavn",
            "etunimi",
            "vorname",
            "voornaam",
            "prénom",
            "imię",
        ],
    ),
    (
        Field::LastName,
        &[
            "last name",
            "lastname",
            "surname",
            "family name",
            "efternamn",
            "etternavn",
            "efternavn",
            "sukunimi",
            "nachname",
            "achternaam",
            "nom de famille",
            "apellidos",
            "cognome",
            "nazwisko",
        ],
    ),
    (
        Field::Address,
        &[
            "email",
            "e-mail",
            "mail",
            "email address",
            "e-mail address",
            "your email",
            "your e-mail",
            "your email address",
            "customer email",
            "email id",
            "e-post",
            "epost",
            "e-postadress",
            "epostadress",
            "e-post adress",
            "mejl",
            "mejladress",
            "mailadress",
            "din e-post",
            "din epost",
            "din e-postadress",
            "din mejladress",
            "din mailadress",
            "kundens e-post",
            "e-mailadress",
            "e-postadresse",
            "epostadresse",
            "din e-postadresse",
            "mailadresse",
            "e-mailadresse",
            "din e-mail",
            "din email",
            "din mailadresse",
            "sähköposti",
            "sähköpostiosoite",
            "sähköpostisi",
            "sähköpostiosoitteesi",
            "e-mail-adresse",
            "email-adresse",
            "emailadresse",
            "ihre e-mail",
            "ihre email",
            "ihre e-mail-adresse",
            "e-mailadres",
            "uw e-mail",
            "courriel",
            "adresse e-mail",
            "adresse email",
            "votre e-mail",
            "correo",
            "correo electrónico",
            "indirizzo email",
            "endereço de email",
            "adres e-mail",
            "reply to",
            "reply-to",
            "svara till",
            "svar til",
            "svar til e-post",
            "antwort an",
        ],
    ),
    (
        Field::From,
        &[
            "from",
            "från",
            "fra",
            "lähettäjä",
            "von",
            "absender",
            "avsändare",
            "avsender",
            "afsender",
            "van",
            "de",
            "da",
        ],
    ),
    (
        Field::Phone,
        &[
            "phone",
            "phone number",
            "telephone",
            "telephone number",
            "tel",
            "tel.",
            "mobile",
            "mobile number",
            "mobile phone",
            "cell",
            "cell phone",
            "contact number",
            "your phone",
            "your phone number",
            "telefon",
            "telefonnummer",
            "telefonnr",
            "tfn",
            "tel.nr",
            "telnr",
            "tel nr",
            "mobil",
            "mobilnummer",
            "mobilnr",
            "mobiltelefon",
            "ditt telefonnummer",
            "mobiltelefonnummer",
            "tlf",
            "tlf.",
            "tlf.nr",
            "dit telefonnummer",
            "puhelin",
            "puhelinnumero",
            "puhelinnumerosi",
            "puh",
            "puh.",
            "gsm",
            "handy",
            "handynummer",
            "rufnummer",
            "ihre telefonnummer",
            "telefoon",
            "telefoonnummer",
            "téléphone",
            "teléfono",
            "telefono",
            "telefone",
            "numer telefonu",
        ],
    ),
    (
        Field::Call,
        &[
            "call me",
            "call me back",
            "callback",
            "call back",
            "call-back",
            "call back time",
            "callback time",
            "preferred time",
            "preferred callback time",
            "preferred call time",
            "best time to call",
            "when can we call",
            "when can we call you",
            "when should we call you",
            "time to call",
            "preferred contact time",
            "preferred time to call",
            "ring mig",
            "ring mig gärna",
            "ring upp mig",
            "ring upp",
            "uppringning",
            "önskad tid",
            "önskad tid för samtal",
            "önskad uppringningstid",
            "önskad samtalstid",
            "tid för samtal",
            "tid för uppringning",
            "när kan vi ringa",
            "när kan vi ringa dig",
            "när passar det att vi ringer",
            "när vill du bli uppringd",
            "vill bli uppringd",
            "vill du bli uppringd",
            "jag vill bli uppringd",
            "bli uppringd",
            "återuppringning",
            "bäst att ringa",
            "ring meg",
            "ring meg opp",
            "ønsket tid",
            "ønsket tidspunkt",
            "ønsket ringetid",
            "når kan vi ringe",
            "når kan vi ringe deg",
            "når kan vi ringe dig",
            "ring mig op",
            "ring tilbage",
            "ring tilbake",
            "tid for oppringing",
            "tidspunkt for opringning",
            "soita minulle",
            "soittopyyntö",
            "soittoaika",
            "toivottu soittoaika",
            "milloin voimme soittaa",
            "rückruf",
            "rückrufwunsch",
            "rückrufzeit",
            "gewünschte rückrufzeit",
            "rückruf gewünscht",
            "wann können wir sie anrufen",
            "wann dürfen wir sie anrufen",
            "bitte um rückruf",
            "erreichbar",
            "erreichbarkeit",
        ],
    ),
    (
        Field::Subject,
        &[
            "subject",
            "topic",
            "regarding",
            "reason",
            "ämne",
            "ärende",
            "rubrik",
            "gäller",
            "emne",
            "vedrørende",
            "gjelder",
            "aihe",
            "otsikko",
            "betreff",
            "thema",
            "anliegen",
            "onderwerp",
            "objet",
            "sujet",
            "asunto",
            "oggetto",
            "assunto",
            "temat",
        ],
    ),
    (
        Field::Text,
        &[
            "message",
            "your message",
            "message body",
            "body",
            "comment",
            "comments",
            "comment or message",
            "question",
            "your question",
            "question/comment",
            "questions or comments",
            "enquiry",
            "inquiry",
            "your enquiry",
            "how can we help",
            "how can we help you",
            "details",
            "message details",
            "meddelande",
            "ditt meddelande",
            "meddelandetext",
            "fråga",
            "din fråga",
            "frågor",
            "kommentar",
            "kommentarer",
            "beskrivning",
            "text",
            "hur kan vi hjälpa dig",
            "vad kan vi hjälpa dig med",
            "vad gäller det",
            "melding",
            "din melding",
            "meldingen",
            "besked",
            "din besked",
            "meddelelse",
            "spørsmål",
            "ditt spørsmål",
            "spørgsmål",
            "dit spørgsmål",
            "henvendelse",
            "din henvendelse",
            "viesti",
            "viestisi",
            "kysymys",
            "kysymyksesi",
            "kommentti",
            "nachricht",
            "ihre nachricht",
            "nachrichtentext",
            "mitteilung",
            "ihre mitteilung",
            "frage",
            "ihre frage",
            "bemerkung",
            "anmerkung",
            "anfrage",
            "ihre anfrage",
            "bericht",
            "uw bericht",
            "votre message",
            "mensaje",
            "su mensaje",
            "messaggio",
            "mensagem",
            "wiadomość",
            "treść wiadomości",
        ],
    ),
];

/// How long a label is at most, in characters.
const MAX_LABEL: usize = 60;

/// `Din e-postadress (obligatoriskt) *:` becomes `din e-postadress`.
fn normal(label: &str) -> String {
    let lower = label.trim().to_lowercase();
    let lower = lower.split(" (").next().unwrap_or(&lower);
    lower.trim_matches(['*', '_', ':', '?', '!', '"', '\'', '[', ']', ' ', '\t', '\u{a0}', '-', '#']).to_owned()
}

/// The field that a label means: by the form's own labels, else by the usual ones.
pub(super) fn field(form: &Form, label: &str) -> Option<Field> {
    if label.chars().count() > MAX_LABEL {
        return None;
    }
    let wanted = normal(label);
    if wanted.is_empty() {
        return None;
    }
    let own = form.labels.iter().find(|(_, names)| names.iter().any(|n| normal(n) == wanted)).map(|(f, _)| *f);
    let usual = |(_, names): &&(Field, &[&str])| {
        let asks = label.trim().trim_end_matches('*').trim_end().ends_with('?');
        // "What's your email?": a question of Typeform's.
        let in_question = asks && names.iter().any(|n| n.len() > 3 && wanted.split([' ', '’', '\'']).any(|w| w == *n));
        names.contains(&wanted.as_str()) || in_question
    };
    own.or_else(|| {
        // Where a rule names a field's labels, others mean something else.
        USUAL.iter().filter(|(field, _)| !form.labels.contains_key(field)).find(usual).map(|(field, _)| *field)
    })
}

/// Whether something unknown looks like a form's label: few words, and no sentence.
pub(super) fn looks_like_label(label: &str, value: &str) -> bool {
    let words = label.split_whitespace().count();
    let plain = |c: char| c.is_alphanumeric() || " -/&()?.,'’_#*".contains(c);
    let opens = label.chars().next().is_some_and(|c| c.is_uppercase() || c.is_numeric());
    // `http://…` and `14:00` are none.
    let link = value.starts_with("//") || label.chars().all(|c| c.is_ascii_digit());
    (1..=5).contains(&words) && label.chars().count() <= 40 && label.chars().all(plain) && opens && !link
}

/// What a form says of itself below what it was filled in with.
const ENDS: &[&str] = &[
    "this e-mail was sent from a contact form",
    "this email was sent from a contact form",
    "this mail is sent via contact form",
    "this is a notification that a contact form was submitted",
    "sent from your website",
    "sent from a contact form",
    "sent from (ip address)",
    "sent via form submission",
    "this form was submitted",
    "powered by",
    "detta e-postmeddelande skickades från",
    "detta meddelande skickades från",
    "detta mejl skickades från",
    "det här meddelandet skickades från",
    "skickat från kontaktformulär",
    "denne e-posten ble sendt fra",
    "denne e-mail er sendt fra",
    "tämä viesti lähetettiin",
    "diese e-mail wurde von einem kontaktformular",
    "diese e-mail wurde über",
    "dit bericht is verzonden",
    "cet e-mail a été envoyé",
    "to edit your email settings",
    "view this submission",
    "manage submissions",
    "does this submission look like spam",
    "if you think this submission is spam",
    "log in to view",
    "reply to this email to",
    "manage your notifications",
    "report spam",
    "ip address:",
    "ip-adress:",
    "remote ip:",
    "user agent:",
    "page url:",
];

/// `-- ` or a line drawn across.
pub(super) fn is_rule(line: &str) -> bool {
    let bare = line.trim();
    (bare.len() >= 3 && bare.chars().all(|c| matches!(c, '-' | '_' | '=' | '—'))) || bare == "--"
}

/// One of the sentences by which programs sign their forms.
pub(super) fn is_end(line: &str) -> bool {
    let lower = line.trim().trim_start_matches(['(', '*', '[']).to_lowercase();
    lower.len() < 400 && ENDS.iter().any(|e| lower.starts_with(e))
}

/// `Kalle Kund <kalle@kund.test>`, `kalle@kund.test`, `kalle@kund.test<mailto:kalle@kund.test>`.
pub(super) fn party(value: &str) -> Option<Party> {
    let value = value.lines().map(str::trim).collect::<Vec<_>>().join(" ");
    let first = value.split([' ', ',', ';', '\t']).find(|w| w.contains('@'))?;
    let plain = first.split(['<', '>', '(', ')', '[', ']', '"']).find_map(|w| {
        let w = w.strip_prefix("mailto:").unwrap_or(w);
        Address::parse(w.trim_matches(['.', ':', '\'']))
    })?;
    let listed = address::parties(value.as_bytes(), 1, &mut BTreeSet::new()).list.into_iter().next();
    // A form's name beside the address, unless that reading fails.
    let name = listed.filter(|p| p.address == plain).map(|p| p.name).unwrap_or_default();
    Some(Party::new(&name, plain))
}
