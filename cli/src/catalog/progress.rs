//! A progress bar for long operations.

use std::io::{self, IsTerminal, Write};

/// A line on the standard error that rewrites itself; it is shown only on a terminal.
pub(crate) struct Progress {
    title: &'static str,
    total: usize,
    done: usize,
    shown: bool,
}

const WIDTH: usize = 30;

impl Progress {
    pub(crate) fn new(title: &'static str, total: usize) -> Self {
        let shown = total > 0 && io::stderr().is_terminal();
        let progress = Self { title, total, done: 0, shown };
        progress.draw();
        progress
    }

    pub(crate) fn add(&mut self, count: usize) {
        self.done += count;
        self.draw();
    }

    fn draw(&self) {
        if self.shown {
            let _ = write!(io::stderr(), "\r{}", bar(self.title, self.done, self.total));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown {
            let _ = writeln!(io::stderr());
        }
    }
}

fn bar(title: &str, done: usize, total: usize) -> String {
    let filled = (WIDTH * done).checked_div(total).unwrap_or(WIDTH);
    format!("[{}{}] {done}/{total} {title}", "#".repeat(filled), " ".repeat(WIDTH - filled))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_fills() {
        assert_eq!(bar("t", 0, 2), format!("[{}] 0/2 t", " ".repeat(30)));
        assert_eq!(bar("t", 1, 2), format!("[{}{}] 1/2 t", "#".repeat(15), " ".repeat(15)));
        assert_eq!(bar("t", 2, 2), format!("[{}] 2/2 t", "#".repeat(30)));
    }
}
