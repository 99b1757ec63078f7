//! Any text as a configuration: it holds, or each mistake says where and what.
#![no_main]

use std::path::Path;

use svar::config;

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Err(mistakes) = config::read(Path::new("/nowhere/svar.toml"), text) {
        assert!(!mistakes.is_empty());
        for mistake in &mistakes {
            assert!(!mistake.what.is_empty() && mistake.line <= text.lines().count() + 1, "{mistake:?}");
        }
    }
});
