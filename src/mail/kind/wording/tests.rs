use std::collections::BTreeSet;

use super::*;
use crate::mail::{kind, mime};
use crate::model::{Address, Kind, Party};

/// What a mail with nothing but `subject` and `text`, after the further header lines `more`, is taken for.
fn read(more: &str, subject: &str, text: &str) -> Kind {
    let raw = format!("From: kalle@kund.test\n{more}\n{text}");
    let root = mime::parse(raw.as_bytes(), &mut BTreeSet::new());
    let from = Party::new("Kalle", Address::parse("kalle@kund.test").unwrap());
    let path = ReturnPath::Absent;
    let signs = Signs { root: &root, from: Some(&from), subject, text, return_path: &path, bounce: None };
    kind::decide(&signs).0
}

const ANSWER: &str = "In-Reply-To: <a@b.test>\n";

fn robot(subject: &str, text: &str) {
    assert_eq!(read(ANSWER, subject, text), Kind::Auto, "{subject:?} {text:?}");
}

fn person(subject: &str, text: &str) {
    assert_eq!(read(ANSWER, subject, text), Kind::Person, "{subject:?} {text:?}");
}

#[test]
fn subjects_of_automatic_answers() {
    for opening in [
        "Automatic reply:",
        "Auto:",
        "AUTO:",
        "Out of Office AutoReply:",
        "Auto-Reply:",
        "[Auto-Reply]:",
        "Automatiskt svar:",
        "Autosvar:",
        "Frånvaromeddelande:",
        "Automatisk svar:",
        "Fraværsmelding:",
        "Automaattinen vastaus:",
        "Poissaoloviesti:",
        "Automatische Antwort:",
        "Abwesenheitsnotiz:",
        "Automatisch antwoord:",
        "Réponse automatique :",
        "Respuesta automática:",
        "Risposta automatica:",
        "Resposta automática:",
        "Odpowiedź automatyczna:",
        "Автоматический ответ:",
        "自动回复:",
    ] {
        robot(&format!("{opening} Var är paketet"), "Hej");
    }
    for opening in [
        "Re: Automatiskt svar:",
        "Sv: Automatic reply:",
        "Automatisk port:",
        "Automatic reply settings",
        "Autosvar saknas i appen",
        "Auto: reservdelar till bilen saknas",
    ] {
        let expect = if opening.starts_with("Auto: ") { Kind::Auto } else { Kind::Person };
        assert_eq!(read(ANSWER, &format!("{opening} Var är paketet"), "Hej"), expect, "{opening}");
    }
    robot("Out of Office: Size", "I am away.");
    robot("Ej på kontoret", "Jag är på semester till den 30 november.");
    robot("Im Urlaub bis 30.11.", "Ich bin im Urlaub.");
    person("Out of office: please deliver later?", "I am out of office until Monday, can you deliver on Tuesday?");
    person("Frånvaro i kassan", "Hej, det var ingen i kassan i dag.");
    person("Semester", "Hej! Jag är på semester till den 30 november, kan ni vänta med leveransen?");
}

#[test]
fn texts_of_automatic_answers() {
    for text in [
        "Thank you for your email. I am out of the office until Monday 30 November with limited access to email.",
        "I am on annual leave until 30 November. For urgent matters please contact my colleague.",
        "Hej!\nTack för ditt mejl. Jag är på semester till och med den 30 november. Vid brådskande ärenden ring växeln.",
        "Takk for din e-post. Jeg er på ferie til 30. november.",
        "Tak for din mail. Jeg er ikke på kontoret før den 30. november. Hvis det haster, så ring til os.",
        "Kiitos viestistäsi! Olen lomalla 30.11. asti. Kiireellisissä asioissa soita vaihteeseen.",
        "Vielen Dank für Ihre Nachricht. Ich bin bis zum 30. November nicht im Büro. In dringenden Fällen wenden Sie sich an die Zentrale.",
        "Bedankt voor uw bericht. Ik ben tot 30 november niet op kantoor. Voor dringende zaken kunt u bellen.",
        "Bonjour, je suis absente du bureau jusqu'au 30 novembre. En cas d'urgence, veuillez contacter le standard.",
        "Gracias por su mensaje. Estoy fuera de la oficina hasta el 30 de noviembre. En caso de urgencia, llame al 112.",
        "Grazie per la mail. Sono in ferie fino al 30 novembre. Per urgenze chiamare il centralino.",
        "Obrigado pelo contacto. Estou de férias até 30 de novembro. Em caso de urgência ligue.",
        "Dziękuję za wiadomość. Jestem na urlopie do 30 listopada. W pilnych sprawach proszę dzwonić.",
        "This is an automated reply. We have received your mail.",
        "Detta är ett automatiskt svar.\nVi återkommer.",
        "Hej,\n\nDetta är ett autosvar, vi läser ditt mejl i morgon.",
        "Dies ist eine automatisch generierte Nachricht.",
    ] {
        robot("Re: Var är paketet", text);
    }
}

#[test]
fn what_persons_write_of_absence() {
    for text in [
        "I am out of office next week, so please deliver on Friday.",
        "Thanks for your e-mail. I'm on vacation until Monday, can you deliver after that?",
        "I will be away until Monday. Please contact me then.  My order is 4711.",
        "Tack för ditt mejl! Jag är på semester till måndag, kan ni skicka paketet efter det?",
        "Jag är på semester hela veckan så leverera till grannen. Tack för ditt mejl.",
        "Ich bin nächste Woche im Urlaub, bitte erst danach liefern. Vielen Dank für Ihre Mühe.",
        "Hej, jag fick ett mejl som säger \"Detta är ett automatiskt svar\" men inget mer.",
        "What is this?\n\nThis is an automated message, do not reply.",
        "Je suis absent la semaine prochaine, pouvez-vous livrer ma commande après ?",
        "Olen lomalla ensi viikon, voitteko toimittaa paketin sen jälkeen?",
        "Jeg er på ferie neste uke, så send pakken etterpå. Takk for din hjelp.",
        "Mijn man is met vakantie. Bedankt voor uw hulp, het is opgelost met de bezorging.",
        "Hej! Jag är ledig i morgon.",
    ] {
        person("Re: Var är paketet", text);
    }
    // Nothing is answered: a person tells of himself.
    assert_eq!(read("", "Hej", "Jag är på semester. Vid brådskande frågor, ring mig."), Kind::Person);
}

#[test]
fn acknowledgements_of_ticket_systems() {
    let of_desk = |subject: &str, text: &str| {
        let raw = format!("From: support@bolag.test\n{ANSWER}\n{text}");
        let root = mime::parse(raw.as_bytes(), &mut BTreeSet::new());
        let from = Party::new("", Address::parse("support@bolag.test").unwrap());
        let path = ReturnPath::Absent;
        kind::decide(&Signs { root: &root, from: Some(&from), subject, text, return_path: &path, bounce: None }).0
    };
    for (subject, text) in [
        ("[Ticket#2026112010000015] Faktura", "Thank you for contacting us. Your request has been received."),
        ("Re: Faktura [SUP-123]", "Vi har tagit emot ditt ärende och återkommer."),
        ("Faktura (#4711)", "Wir haben Ihre Anfrage erhalten."),
        ("Re: Faktura", "Nous avons bien reçu votre demande. Demande no: 12345"),
    ] {
        assert_eq!(of_desk(subject, text), Kind::Auto, "{subject:?}");
    }
    for (subject, text) in [
        ("Re: Faktura [#42]", "Hej, vi har mottagit fakturan men den är fel. Kan ni rätta den?"),
        ("Re: Order 12345", "Pengarna har kommit, tack."),
    ] {
        assert_eq!(of_desk(subject, text), Kind::Person, "{subject:?}");
    }
}

#[test]
fn receipts_and_challenges() {
    robot("Läst: Var är paketet", "Ditt meddelande lästes den 20 november 2026 09:01:02.");
    robot("Read: Order", "Your message was read on Friday.");
    robot("Gelesen: Bestellung", "");
    robot("Nicht gelesen: Bestellung", "Ihre Nachricht wurde ungelesen gelöscht.");
    robot("Lu : commande", "Votre message a été lu le vendredi.");
    person("Read: the manual is wrong", "Page 4 of the manual is wrong.");
    person("Läst: instruktionen", "Jag har läst den, men hur gör jag sedan?");
    robot("Re: Order (Action Required)", "To complete this verification, simply click the link below.");
    person("Confirmation required", "My bank wants a confirmation of the payment.");
}
