//! Raw mails as the world sends them: customers' clients, a mail server's delivery report, a holiday notice, a robot.

use std::fmt::Write as _;

use jiff::tz::TimeZone;

use super::cast::{Customer, SERVER, SHOP};
use crate::model::Time;

/// A mail as it lies in the shop's Maildir, with the headers that its mail server put on top.
#[derive(Clone, Debug, Default)]
pub struct Mail {
    pub from_name: String,
    pub from: String,
    pub to: String,
    pub subject: String,
    pub message_id: String,
    pub in_reply_to: Option<String>,
    pub references: Vec<String>,
    /// Further header lines, without line ends.
    pub headers: Vec<String>,
    pub text: String,
    /// Name, media type and bytes.
    pub attachment: Option<(&'static str, &'static str, &'static [u8])>,
    /// Empty envelope sender.
    pub from_nobody: bool,
}

impl Mail {
    pub fn of(customer: Customer, subject: &str, text: &str) -> Self {
        Self {
            from_name: customer.name.to_owned(),
            from: customer.address.to_owned(),
            to: SHOP.to_owned(),
            subject: subject.to_owned(),
            text: format!("{text}\n\nHälsningar\n{}\n", customer.first_name()),
            ..Self::default()
        }
    }

    /// As it arrives at `at`. `serial` makes its Message-ID, if it has none.
    pub fn bytes(&self, at: Time, serial: u32, zone: &TimeZone) -> Vec<u8> {
        let date = date(at, zone);
        let host = self.from.rsplit('@').next().unwrap_or("posten.example");
        let mut head = String::new();
        let mut line = |text: &str| {
            head.push_str(text);
            head.push('\n');
        };
        line(&format!("Return-Path: <{}>", if self.from_nobody { "" } else { &self.from }));
        line(&format!("Delivered-To: {}", self.to));
        line(&format!(
            "Received: from mail.{host} (mail.{host} [192.0.2.{}])\n\tby {SERVER} (Postfix) with ESMTPS id D{serial:05}\n\tfor <{}>; {date}",
            serial % 250 + 1,
            self.to,
        ));
        line(&format!(
            "Authentication-Results: {SERVER};\n\tdkim=pass header.d={host};\n\tdmarc=pass header.from={host}"
        ));
        line(&format!("From: {} <{}>", phrase(&self.from_name), self.from));
        line(&format!("To: {}", self.to));
        line(&format!("Subject: {}", encoded(&self.subject)));
        line(&format!("Date: {date}"));
        let message_id =
            if self.message_id.is_empty() { format!("{serial}.demo@mail.{host}") } else { self.message_id.clone() };
        line(&format!("Message-ID: <{message_id}>"));
        if let Some(parent) = &self.in_reply_to {
            line(&format!("In-Reply-To: <{parent}>"));
        }
        if !self.references.is_empty() {
            let ids: Vec<String> = self.references.iter().map(|r| format!("<{r}>")).collect();
            line(&format!("References: {}", ids.join("\n ")));
        }
        self.headers.iter().for_each(|h| line(h));
        line("MIME-Version: 1.0");
        let text_type = "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n";
        match self.attachment {
            None => {
                head.push_str(text_type);
                head.push_str(&self.text);
            }
            Some((name, media_type, bytes)) => {
                let boundary = format!("=_demo_{serial}");
                let _ = write!(
                    head,
                    "Content-Type: multipart/mixed; boundary=\"{boundary}\"\n\n--{boundary}\n{text_type}{}\n--{boundary}\n\
                     Content-Type: {media_type}; name=\"{name}\"\nContent-Transfer-Encoding: base64\n\
                     Content-Disposition: attachment; filename=\"{name}\"\n\n{}\n--{boundary}--\n",
                    self.text,
                    base64_lines(bytes),
                );
            }
        }
        head.into_bytes()
    }
}

/// RFC 5322, 3.3, in the zone of whoever writes.
pub fn date(at: Time, zone: &TimeZone) -> String {
    at.timestamp().to_zoned(zone.clone()).strftime("%a, %d %b %Y %H:%M:%S %z").to_string()
}

/// RFC 2047: UTF-8 in base64, in words of at most 75 characters.
pub fn encoded(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    let mut words = Vec::new();
    let mut piece = String::new();
    for c in text.chars() {
        if piece.len() + c.len_utf8() > 42 {
            words.push(std::mem::take(&mut piece));
        }
        piece.push(c);
    }
    words.push(piece);
    let word = |p: &String| format!("=?utf-8?B?{}?=", data_encoding::BASE64.encode(p.as_bytes()));
    words.iter().map(word).collect::<Vec<_>>().join("\n ")
}

fn phrase(name: &str) -> String {
    if name.is_ascii() { format!("\"{name}\"") } else { encoded(name) }
}

fn base64_lines(bytes: &[u8]) -> String {
    let text = data_encoding::BASE64.encode(bytes);
    text.as_bytes().chunks(76).map(|l| String::from_utf8_lossy(l)).collect::<Vec<_>>().join("\n")
}

/// A picture of one pixel: what a customer's photograph is here.
pub const PHOTO: &[u8] = &[
    0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, b'I', b'H', b'D', b'R', 0, 0, 0, 1, 0, 0, 0, 1, 8,
    0, 0, 0, 0, 0x3a, 0x7e, 0x9b, 0x55, 0, 0, 0, 0x0a, b'I', b'D', b'A', b'T', 0x78, 0x9c, 0x63, 0x68, 0, 0, 0, 0x82,
    0, 0x81, 0x77, 0xcd, 0x72, 0xb6, 0, 0, 0, 0, b'I', b'E', b'N', b'D', 0xae, 0x42, 0x60, 0x82,
];

/// A delivery report (RFC 3464) of the shop's own server: no such user. `returned` is the header of the mail that came back.
pub fn bounce(to: &str, back_to: &str, returned: &str, at: Time, serial: u32, zone: &TimeZone) -> Vec<u8> {
    let date = date(at, zone);
    let domain = to.rsplit('@').next().unwrap_or_default();
    format!(
        "Return-Path: <>\nDelivered-To: {back_to}\nReceived: by {SERVER} (Postfix)\n\tid B{serial:05}; {date}\n\
         From: MAILER-DAEMON@{SERVER} (Mail Delivery System)\nTo: {back_to}\nSubject: Undelivered Mail Returned to Sender\n\
         Date: {date}\nMessage-ID: <{serial}.bounce@{SERVER}>\nAuto-Submitted: auto-replied\nMIME-Version: 1.0\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=\"B{serial}\"\n\n\
         --B{serial}\nContent-Type: text/plain; charset=us-ascii\n\n\
         This is the mail system at host {SERVER}.\n\nYour message could not be delivered:\n\n\
         <{to}>: Host or domain name not found. Name service error for name={domain}\n    type=MX: Host not found\n\n\
         --B{serial}\nContent-Type: message/delivery-status\n\n\
         Reporting-MTA: dns; {SERVER}\nArrival-Date: {date}\n\n\
         Final-Recipient: rfc822; {to}\nAction: failed\nStatus: 5.4.4\n\
         Diagnostic-Code: X-Postfix; Host or domain name not found. Name service error\n    for name={domain} type=MX: Host not found\n\n\
         --B{serial}\nContent-Type: text/rfc822-headers\n\n{returned}\n\n--B{serial}--\n"
    )
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::cast::CUSTOMERS;

    #[test]
    fn a_customers_mail_has_what_mails_have() {
        let mut mail = Mail::of(CUSTOMERS[1], "Försenad leverans av något som har ett mycket långt namn", "Hej");
        mail.attachment = Some(("bild.png", "image/png", PHOTO));
        let bytes = mail.bytes(Time::from_unix(1_796_630_400), 7, &TimeZone::UTC);
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.contains("\nFrom: =?utf-8?B?T3NrYXIgTnlzdHLDtm0=?= <oskar.nystrom@posten.example>\n"), "{text}");
        assert!(text.contains("\nDate: Mon, 07 Dec 2026 08:00:00 +0000\n"), "{text}");
        assert!(text.lines().all(|l| l.len() <= 160), "{text}");
    }
}
