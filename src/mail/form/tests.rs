use super::*;
use crate::mail::read::read;

fn zone() -> jiff::tz::TimeZone {
    jiff::tz::TimeZone::get("Europe/Stockholm").unwrap()
}

/// What a form of noreply@shop.example with this body yields: customer, phone, wish, subject, text.
fn entry(form: &Form, kind: &str, body: &str) -> Option<String> {
    let raw = format!(
        "From: Butiken <noreply@shop.example>\nReply-To: Eva <eva@svar.test>\nSubject: Ny\nContent-Type: text/{kind}; charset=utf-8\n\n{body}"
    );
    let letter = read(raw.as_bytes());
    assert!(form.speaks_of(&letter));
    let entry = form.read(&letter, Time::from_unix(1_795_165_262), &zone())?;
    let customer = entry.customer.map(|p| format!("{} <{}>", p.name, p.address)).unwrap_or_else(|| entry.name.clone());
    let wish = entry.call.map(|c| c.wish);
    Some(
        [Some(customer), entry.phone, wish, entry.subject, Some(entry.text)]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" / "),
    )
}

fn usual() -> Form {
    Form { from: "noreply@shop.example".to_owned(), ..Form::default() }
}

fn check(body: &str, expect: &str) {
    assert_eq!(entry(&usual(), "plain", body).as_deref(), Some(expect), "{body}");
}

#[test]
fn texts() {
    check(
        "Nytt meddelande\n\nNamn: Kalle Kund\nE-post: kalle@kund.test\nTelefon: 070-123 45 67\nRing mig: imorgon 9-10\nMeddelande: Hej!\nVar är paketet?\n",
        "Kalle Kund <kalle@kund.test> / 070-123 45 67 / imorgon 9-10 / Hej!\nVar är paketet?",
    );
    // Contact Form 7.
    check(
        "From: Kalle Kund <kalle@kund.test>\nSubject: Retur\n\nMessage Body:\nHej!\n\nVar är paketet?\n\n-- \nThis e-mail was sent from a contact form on Butiken (https://shop.example)\n",
        "Kalle Kund <kalle@kund.test> / Retur / Hej!\n\nVar är paketet?",
    );
    // Shopify: each label on a line of its own.
    check(
        "You received a new message from your online store's contact form.\n\nCountry Code:\nSE\n\nName:\nKalle Kund\n\nEmail:\nkalle@kund.test\n\nPhone:\n0701234567\n\nBody:\nHej!\n\nVar är paketet?\n",
        "Kalle Kund <kalle@kund.test> / 0701234567 / Hej!\n\nVar är paketet?\n\nCountry Code: SE",
    );
    // Squarespace.
    check(
        "Sent via form submission from Butiken\n\nName: Kalle Kund\n\nEmail: kalle@kund.test\n\nMessage: Hej\n",
        "Kalle Kund <kalle@kund.test> / Hej",
    );
    // Elementor, and an order's number.
    check(
        "Name: Kalle\nEmail: kalle@kund.test\nOrdernummer: 4711\nMessage: Hej\n\n---\n\nDate: 20 november 2026\nRemote IP: 192.0.2.1\n",
        "Kalle <kalle@kund.test> / Hej\n\nOrdernummer: 4711",
    );
    // Typeform.
    check(
        "Your typeform has a new response:\n\n*What's your name?*\nKalle Kund\n\n*What's your email?*\nkalle@kund.test\n\n*How can we help?*\nVar är paketet?\n",
        "Kalle Kund <kalle@kund.test> / Var är paketet?",
    );
    check(
        "First name: Kalle\nLast name: Kund\nE-mail (required): kalle@kund.test\nComments:\nHej\n",
        "Kalle Kund <kalle@kund.test> / Hej",
    );
    // Labels below the text.
    check(
        "Meddelande:\nHej!\nVar är paketet?\n\nNamn: Kalle Kund\nE-postadress: kalle@kund.test\nOrder: 12\n",
        "Kalle Kund <kalle@kund.test> / Hej!\nVar är paketet?\n\nOrder: 12",
    );
    for (name, mail, phone, call, text) in [
        ("Navn", "E-post", "Telefon", "Ring meg", "Melding"),
        ("Navn", "E-mail", "Tlf.", "Ring mig op", "Besked"),
        ("Nimi", "Sähköposti", "Puhelin", "Soita minulle", "Viesti"),
        ("Ihr Name", "Ihre E-Mail", "Rufnummer", "Rückrufzeit", "Ihre Nachricht"),
        ("Name", "Email", "Phone", "Best time to call", "Message"),
    ] {
        check(
            &format!("{name}: Kalle\n{mail}: kalle@kund.test\n{phone}: 123456\n{call}: 14:00\n{text}: Hej\n"),
            "Kalle <kalle@kund.test> / 123456 / 14:00 / Hej",
        );
    }
}

#[test]
fn tables() {
    let html = |body: &str, expect: &str| assert_eq!(entry(&usual(), "html", body).as_deref(), Some(expect), "{body}");
    html(
        "<table><tr><td><b>Namn</b></td><td>Kalle Kund</td></tr><tr><td>E-post:</td><td><a href='mailto:kalle@kund.test'>kalle@kund.test</a></td></tr><tr><td>Meddelande</td><td>Hej<br>på er</td></tr></table>",
        "Kalle Kund <kalle@kund.test> / Hej\npå er",
    );
    // Gravity Forms: the label in a row of its own.
    html(
        "<table><tr><td colspan=2><strong>Name</strong></td></tr><tr><td>&nbsp;</td><td>Kalle</td></tr><tr><td colspan=2><strong>Email</strong></td></tr><tr><td>&nbsp;</td><td><a href='mailto:kalle@kund.test'>kalle@kund.test</a></td></tr><tr><td colspan=2><strong>Message</strong></td></tr><tr><td>&nbsp;</td><td>Hej</td></tr></table>",
        "Kalle <kalle@kund.test> / Hej",
    );
    html(
        "<p><strong>Name:</strong> Kalle</p><p><strong>Email:</strong> kalle@kund.test</p><p><strong>Message:</strong><br>Hej</p>",
        "Kalle <kalle@kund.test> / Hej",
    );
}

#[test]
fn what_the_customer_writes_stays_his() {
    check(
        "Namn: Kalle\nE-post: kalle@kund.test\nMeddelande:\nHej!\nE-post: ni@annan.test\nTack: på förhand\nTid: 14:00 passar\nHälsningar\n",
        "Kalle <kalle@kund.test> / Hej!\nE-post: ni@annan.test\nTack: på förhand\nTid: 14:00 passar\nHälsningar",
    );
    check("Namn: Kalle\nMeddelande: Ring mig\n", "Kalle / Ring mig");
    check(
        "Namn: Kalle\nE-post: kalle@kund.test\nMeddelande:\nHej!\n-----\nMer under strecket.\n",
        "Kalle <kalle@kund.test> / Hej!\n-----\nMer under strecket.",
    );
}

#[test]
fn the_forms_own_address_is_nobody() {
    check("Namn: Kalle\nE-post: noreply@shop.example\nMeddelande: Hej\n", "Kalle / Hej");
    assert_eq!(entry(&usual(), "plain", "Nyhetsbrev!\n\nKöp en lampa.\n"), None);
}

#[test]
fn a_rules_own_words() {
    let mut own = usual();
    own.labels.insert(Field::Text, vec!["Beskriv felet".to_owned()]);
    own.labels.insert(Field::Address, vec!["Kontakt".to_owned()]);
    let body = "Kontakt: kalle@kund.test\nE-post: fel@kund.test\nBeskriv felet:\nLampan lyser inte\n";
    assert_eq!(
        entry(&own, "plain", body).as_deref(),
        Some(" <kalle@kund.test> / Lampan lyser inte\n\nE-post: fel@kund.test")
    );
    let mut by_reply_to = usual();
    by_reply_to.reply_to = true;
    let body = "Namn: Kalle\nE-post: kalle@kund.test\nMeddelande: Hej\n";
    assert_eq!(entry(&by_reply_to, "plain", body).as_deref(), Some("Kalle <eva@svar.test> / Hej"));
    let other = Form { subject: Some("kontakt".to_owned()), ..usual() };
    let letter = read(b"From: noreply@shop.example\nSubject: Nyhetsbrev\n\nNamn: X\n");
    assert!(!other.speaks_of(&letter));
    assert!(Form { from: "*@shop.example".to_owned(), ..Form::default() }.speaks_of(&letter));
}

#[test]
fn patterns_of_senders() {
    let check = |pattern: &str, text: &str, expect: bool| {
        assert_eq!(matches_pattern(pattern, text), expect, "{pattern} {text}");
    };
    check("*@klarna.example", "noreply@klarna.example", true);
    check("*@klarna.example", "noreply@klarna.example.evil", false);
    check("order@shop.example", "order@shop.example", true);
    check("order@shop.example", "xorder@shop.example", false);
    check("no*reply@*.example", "no-reply@mail.shop.example", true);
    check("*", "a@b.example", true);
    check("a*a", "a", false);
}
