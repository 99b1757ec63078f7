//! Letters as people's mail programs write them, for the stories.

use svar::mail::letter::Letter;
use svar::model::Time;

/// A mail to be written.
#[derive(Clone, Debug, Default)]
pub struct Written {
    pub from: String,
    pub to: Vec<String>,
    pub cc: Vec<String>,
    pub subject: String,
    pub message_id: Option<String>,
    pub in_reply_to: Option<String>,
    pub references: Vec<String>,
    pub headers: Vec<String>,
    pub text: String,
    pub html: Option<String>,
    /// Name, media type, bytes.
    pub attachments: Vec<(String, String, Vec<u8>)>,
}

/// How a mail program quotes what it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quoting {
    /// Attribution line and `> ` below the answer.
    Below,
    /// The same in HTML, as Gmail's web page writes it.
    Html,
    /// Nothing is quoted.
    None,
    /// Answers between quoted lines.
    Between,
    /// Outlook's header block, without `>`.
    Outlook,
}

impl Written {
    /// The bytes of the mail. Plain enough to be written by hand; UTF-8 throughout.
    pub fn bytes(&self, date: Time) -> Vec<u8> {
        let mut head = String::new();
        let mut line = |name: &str, value: &str| {
            if !value.is_empty() {
                head.push_str(&format!("{name}: {value}\r\n"));
            }
        };
        line("From", &self.from);
        line("To", &self.to.join(", "));
        line("Cc", &self.cc.join(", "));
        line("Subject", &self.subject);
        line(
            "Date",
            &jiff::fmt::rfc2822::to_string(&date.timestamp().to_zoned(jiff::tz::TimeZone::UTC)).unwrap_or_default(),
        );
        line("Message-ID", &self.message_id.as_ref().map(|m| format!("<{m}>")).unwrap_or_default());
        line("In-Reply-To", &self.in_reply_to.as_ref().map(|m| format!("<{m}>")).unwrap_or_default());
        line("References", &self.references.iter().map(|m| format!("<{m}>")).collect::<Vec<_>>().join("\r\n "));
        for header in &self.headers {
            if let Some((name, value)) = header.split_once(':') {
                line(name, value.trim());
            }
        }
        line("MIME-Version", "1.0");
        let text = |body: &str, kind: &str| {
            let body = body.replace('\n', "\r\n");
            format!("Content-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{body}\r\n")
        };
        let body = match &self.html {
            None => text(&self.text, "plain"),
            Some(html) if self.text.is_empty() => text(html, "html"),
            Some(html) => format!(
                "Content-Type: multipart/alternative; boundary=alt-7\r\n\r\n--alt-7\r\n{}--alt-7\r\n{}--alt-7--\r\n",
                text(&self.text, "plain"),
                text(html, "html")
            ),
        };
        if self.attachments.is_empty() {
            return format!("{head}{body}").into_bytes();
        }
        let mut out =
            format!("{head}Content-Type: multipart/mixed; boundary=mix-7\r\n\r\n--mix-7\r\n{body}").into_bytes();
        for (name, media_type, data) in &self.attachments {
            let base64 = data_encoding::BASE64.encode(data);
            let part = format!(
                "--mix-7\r\nContent-Type: {media_type}; name=\"{name}\"\r\nContent-Disposition: attachment; filename=\"{name}\"\r\n\
                 Content-Transfer-Encoding: base64\r\n\r\n{base64}\r\n"
            );
            out.extend(part.into_bytes());
        }
        out.extend(b"--mix-7--\r\n");
        out
    }
}

/// A reply to `to` as a mail program writes it; addressed as Reply-To or From say.
pub fn reply(to: &Letter, from: &str, text: &str, quoting: Quoting, message_id: String) -> Written {
    let author = to.from.as_ref().map(|p| p.address.to_string()).unwrap_or_default();
    let target = to.reply_to.first().map_or(author.clone(), |p| p.address.to_string());
    let subject =
        if to.subject.to_lowercase().starts_with("re:") { to.subject.clone() } else { format!("Re: {}", to.subject) };
    let mut references = to.references.clone();
    references.extend(to.message_id.clone());
    let quoted: String =
        to.text.lines().map(|l| if l.starts_with('>') { format!(">{l}\n") } else { format!("> {l}\n") }).collect();
    let escape = |s: &str| s.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\n', "<br>\n");
    let attribution = format!("Den fre 20 nov. 2026 kl 09:00 skrev Exempelbutiken <{author}>:");
    let (body, html) = match quoting {
        Quoting::None => (text.to_owned(), None),
        Quoting::Below => (format!("{text}\n{attribution}\n{quoted}"), None),
        Quoting::Between => {
            let lines: Vec<&str> = to.text.lines().collect();
            let (above, below) = lines.split_at(lines.len() / 2);
            let quote = |ls: &[&str]| ls.iter().map(|l| format!("> {l}\n")).collect::<String>();
            (format!("{attribution}\n{}\n{text}\n{}", quote(above), quote(below)), None)
        }
        Quoting::Html => {
            let html = format!(
                "<div dir=\"ltr\">{}</div><br><div class=\"gmail_quote\"><div dir=\"ltr\" class=\"gmail_attr\">{}<br></div>\
                 <blockquote class=\"gmail_quote\" style=\"margin:0 0 0 .8ex\">{}</blockquote></div>",
                if text.contains('<') { text.to_owned() } else { escape(text.trim_end()) },
                escape(&attribution),
                escape(&to.text)
            );
            let plain = text.replace("<b>", "*").replace("</b>", "*").replace("</h1>", "\n");
            (format!("{}\n{attribution}\n{quoted}", strip_tags(&plain)), Some(html))
        }
        Quoting::Outlook => {
            let block = format!(
                "\n________________________________\nFrån: Exempelbutiken <{author}>\nSkickat: den 20 november 2026 09:00\nTill: {from}\nÄmne: {}\n\n{}",
                to.subject, to.text
            );
            (format!("{text}{block}"), None)
        }
    };
    Written {
        from: from.to_owned(),
        to: vec![target],
        subject,
        message_id: Some(message_id),
        in_reply_to: to.message_id.clone(),
        references,
        text: body,
        html,
        ..Written::default()
    }
}

fn strip_tags(text: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for c in text.chars() {
        match c {
            '<' => inside = true,
            '>' if inside => inside = false,
            c if !inside => out.push(c),
            _ => {}
        }
    }
    out
}
