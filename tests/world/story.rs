//! Reads a story: its configuration, and its steps with their texts.

/// A story as written.
pub struct Story {
    /// Lines that stand behind `config |`: TOML that is added to the world's own.
    pub config: String,
    pub steps: Vec<Step>,
}

/// One step: words (quoted ones without their quotes) and the text below it.
#[derive(Clone, Debug)]
pub struct Step {
    pub line: usize,
    pub words: Vec<String>,
    pub text: String,
}

impl Step {
    /// The word behind `key`, as in `from eva@kund.test`.
    pub fn after(&self, key: &str) -> Option<&str> {
        let at = self.words.iter().position(|w| w == key)?;
        self.words.get(at + 1).map(String::as_str)
    }

    /// All words that stand behind a `key`.
    pub fn all(&self, key: &str) -> Vec<&str> {
        self.words.windows(2).filter(|w| w[0] == key).map(|w| w[1].as_str()).collect()
    }

    pub fn has(&self, word: &str) -> bool {
        self.words.iter().any(|w| w == word)
    }
}

pub fn read_story(text: &str) -> Result<Story, String> {
    let mut story = Story { config: String::new(), steps: Vec::new() };
    for (number, line) in text.lines().enumerate() {
        let trimmed = line.trim_start();
        if let Some(said) = trimmed.strip_prefix('|') {
            let said = said.strip_prefix(' ').unwrap_or(said);
            let last = story.steps.last_mut().ok_or_else(|| format!("{}: a text without a step", number + 1))?;
            last.text.push_str(said);
            last.text.push('\n');
        } else if !trimmed.is_empty() && !trimmed.starts_with('#') {
            let words = words(trimmed).ok_or_else(|| format!("{}: a quote is not closed", number + 1))?;
            story.steps.push(Step { line: number + 1, words, text: String::new() });
        }
    }
    if story.steps.first().is_some_and(|s| s.words == ["config"]) {
        story.config = story.steps.remove(0).text;
    }
    Ok(story)
}

/// Words by white space; `"…"` is one word, in which `\"` is a quote.
fn words(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        if c.is_whitespace() {
            continue;
        }
        let mut word = String::new();
        if c == '"' {
            loop {
                match chars.next()? {
                    '"' => break,
                    '\\' => word.push(chars.next()?),
                    other => word.push(other),
                }
            }
        } else {
            word.push(c);
            while let Some(c) = chars.next_if(|c| !c.is_whitespace()) {
                word.push(c);
            }
        }
        words.push(word);
    }
    Some(words)
}
