//! Any text is read and cleaned as HTML, by itself and as a letter.
#![no_main]

#[allow(dead_code)]
#[path = "../../tests/reading/properties.rs"]
mod properties;

libfuzzer_sys::fuzz_target!(|html: &str| {
    properties::html_hold(html);
    properties::hold(format!("From: a@b.test\nContent-Type: text/html; charset=utf-8\n\n{html}").as_bytes());
});
