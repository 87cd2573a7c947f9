//! What one connection has asked of this process, against its limits.

use std::{
    cell::{Cell, RefCell},
    collections::{HashMap, VecDeque},
    fmt,
    time::Duration,
};

use capnp::message::ReaderOptions;
use capnp_rpc::rpc_capnp::{message, message_target, return_};
use tokio::{sync::watch, time::Instant};

use crate::{CloseReason, Limits, error::closed};

/// A message is large that takes more than one part in so many of a stream's window.
const WINDOW_PARTS: usize = 64;
/// What a message costs beside its own bytes: its place in a queue or a table.
const MESSAGE_BYTES: usize = 256;

/// The account of one connection. Where a limit is passed, the connection is closed.
pub(crate) struct Ledger {
    limits: Limits,
    is_stranger: Cell<bool>,
    asked: RefCell<Asked>,
    answers: RefCell<Answers>,
    /// Whether the peer has to answer questions at once, and those that it has not answered.
    expects_answers: Cell<bool>,
    owed: RefCell<HashMap<u32, Instant>>,
    closing: watch::Sender<Option<CloseReason>>,
}

/// What the peer has sent.
#[derive(Default)]
struct Asked {
    /// Messages, and bytes of them, while it is a stranger.
    messages: usize,
    bytes: usize,
    /// Questions that are not both answered and done with.
    questions: HashMap<u32, Question>,
    /// Of them, those that the peer gave up before they were answered. The RPC system ends what it
    /// does for them, sends no answer, and so keeps their place for ever.
    given_up: usize,
    /// Bytes of messages whose questions are not answered.
    question_bytes: usize,
}

/// A question of the peer.
#[derive(Default)]
struct Question {
    /// What its message holds, until it is answered.
    bytes: usize,
    is_answered: bool,
    /// The peer wants nothing more of it.
    is_finished: bool,
    /// Another question is put to its answer, so that giving it up does not end it.
    is_needed: bool,
}

/// What waits to be sent to the peer, which may not read it.
#[derive(Default)]
struct Answers {
    /// Bytes that were ever to be sent, and that were.
    queued: u64,
    written: u64,
    /// Where in them the last ends that should not wait, and how many have left the buffer.
    hurried: u64,
    flushed: u64,
    /// Where in them answers end, and what each costs.
    unread: VecDeque<(u64, usize)>,
    unread_bytes: usize,
}

impl Ledger {
    pub(crate) fn new(limits: &Limits, is_stranger: bool) -> Self {
        Self {
            limits: limits.clone(),
            is_stranger: Cell::new(is_stranger),
            asked: RefCell::default(),
            answers: RefCell::default(),
            closing: watch::channel(None).0,
            expects_answers: Cell::new(false),
            owed: RefCell::default(),
        }
    }

    pub(crate) fn is_stranger(&self) -> bool {
        self.is_stranger.get()
    }

    pub(crate) fn let_in(&self) {
        self.is_stranger.set(false);
    }

    /// Wants the connection closed; the first reason counts.
    pub(crate) fn close(&self, reason: impl fmt::Display) {
        self.closing.send_if_modified(|asked| {
            let first = asked.is_none();
            asked.get_or_insert_with(|| CloseReason::new(reason));
            first
        });
    }

    /// Waits until somebody wants the connection closed.
    pub(crate) async fn close_asked(&self) -> CloseReason {
        let mut closing = self.closing.subscribe();
        let asked = closing.wait_for(Option::is_some).await;
        let reason = asked.ok().and_then(|reason| reason.clone());
        reason.unwrap_or_else(CloseReason::dropped)
    }

    /// How large a message may be that comes now: its header alone makes the reader allocate that
    /// much.
    pub(crate) fn size_limit(&self) -> ReaderOptions {
        let mut options = self.options();
        if self.is_stranger() {
            options.traversal_limit_in_words(Some(self.limits.stranger_bytes / 8));
        }
        options
    }

    /// How long a message may take from its first byte to its last.
    pub(crate) fn message_time(&self) -> Duration {
        self.limits.message_time
    }

    /// How a message may be read.
    pub(crate) fn options(&self) -> ReaderOptions {
        let mut options = ReaderOptions::new();
        options.traversal_limit_in_words(Some(self.limits.message_bytes / 8));
        options.nesting_limit(self.limits.message_nesting);
        options
    }

    /// Notes a message of the peer. Fails where it passes a limit.
    pub(crate) fn received(&self, message: message::Reader<'_>, words: usize) -> capnp::Result<()> {
        let bytes = words * 8 + MESSAGE_BYTES;
        self.check_capabilities(message)?;
        let mut asked = self.asked.borrow_mut();
        if self.is_stranger() {
            asked.messages += 1;
            asked.bytes += bytes;
        }
        match message.which() {
            Ok(message::Call(call)) => {
                let call = call?;
                if let Ok(message_target::PromisedAnswer(answer)) = call.get_target()?.which() {
                    asked.needed(answer?.get_question_id());
                }
                asked.question(call.get_question_id(), bytes);
            }
            Ok(message::Bootstrap(asks)) => asked.question(asks?.get_question_id(), bytes),
            Ok(message::Return(answer)) => {
                self.owed.borrow_mut().remove(&answer?.get_answer_id());
            }
            Ok(message::Finish(finish)) => asked.finished(finish?.get_question_id()),
            // Nothing is kept of the others, or they are sent back.
            _ => {}
        }
        drop(asked);
        self.check()
    }

    /// The RPC system makes room for each capability in a message, used or not.
    fn check_capabilities(&self, message: message::Reader<'_>) -> capnp::Result<()> {
        let payload = match message.which() {
            Ok(message::Call(call)) => call?.get_params()?,
            Ok(message::Return(answer)) => match answer?.which() {
                Ok(return_::Results(results)) => results?,
                _ => return Ok(()),
            },
            _ => return Ok(()),
        };
        let limit = self.limits.capabilities;
        if payload.get_cap_table()?.len() as usize <= limit {
            return Ok(());
        }
        let reason =
            format!("the peer passed a limit: more than {limit} capabilities in one message");
        self.close(&reason);
        Err(closed(reason).into())
    }

    /// From now on each question to the peer has to be answered within [`Limits::answer_time`]: it is
    /// asked nothing that takes long.
    pub(crate) fn expect_answers(&self) {
        self.expects_answers.set(true);
    }

    /// Whether the peer owes an answer for too long.
    pub(crate) fn is_owed_too_long(&self) -> bool {
        let limit = self.limits.answer_time;
        let owed = self.owed.borrow();
        owed.values().any(|asked| asked.elapsed() > limit)
    }

    /// Notes that a message of so many bytes is to be sent.
    pub(crate) fn queued(&self, message: Option<message::Reader<'_>>, bytes: usize) {
        let mut answers = self.answers.borrow_mut();
        answers.queued += bytes as u64;
        let mut may_wait = !self.is_stranger() && message.is_some_and(may_wait);
        let is_answer = match message.map(|message| message.which()) {
            Some(Ok(message::Return(Ok(answer)))) => {
                let answered = self.asked.borrow_mut().answered(answer);
                // Who sends much has soon filled the stream's window, and waits.
                may_wait &= answered < self.limits.stream_window / WINDOW_PARTS;
                true
            }
            Some(Ok(message::Call(Ok(call)))) if self.expects_answers.get() => {
                let asked = Instant::now();
                self.owed.borrow_mut().insert(call.get_question_id(), asked);
                false
            }
            // What this side has given up the peer need not answer, and mostly does not.
            Some(Ok(message::Finish(Ok(finish)))) => {
                self.owed.borrow_mut().remove(&finish.get_question_id());
                false
            }
            // What was not understood is sent back whole.
            Some(Ok(message::Unimplemented(_))) => true,
            _ => false,
        };
        if !may_wait {
            answers.hurried = answers.queued;
        }
        if is_answer {
            let (end, cost) = (answers.queued, bytes + MESSAGE_BYTES);
            answers.unread.push_back((end, cost));
            answers.unread_bytes += cost;
        }
        drop(answers);
        // The connection is closed then; whoever sent this hears of that.
        let _ = self.check();
    }

    /// Notes that bytes were handed to the system.
    pub(crate) fn written(&self, bytes: usize) {
        let mut answers = self.answers.borrow_mut();
        answers.written += bytes as u64;
        let written = answers.written;
        while let Some((_, cost)) = answers.unread.pop_front_if(|(end, _)| *end <= written) {
            answers.unread_bytes -= cost;
        }
    }

    /// Notes that nothing is left in the buffer.
    pub(crate) fn flushed(&self) {
        let mut answers = self.answers.borrow_mut();
        answers.flushed = answers.written;
    }

    /// Whether something is left in the buffer.
    pub(crate) fn has_unsent(&self) -> bool {
        let answers = self.answers.borrow();
        answers.flushed < answers.written
    }

    /// Whether something in the buffer should be sent now, and nothing that should comes after it:
    /// they go together.
    pub(crate) fn is_in_a_hurry(&self) -> bool {
        let answers = self.answers.borrow();
        answers.flushed < answers.hurried && answers.hurried <= answers.written
    }

    /// Closes a connection that has passed a limit.
    fn check(&self) -> capnp::Result<()> {
        let (limits, asked, answers) = (&self.limits, self.asked.borrow(), self.answers.borrow());
        let as_stranger = [
            (
                asked.messages,
                limits.stranger_messages,
                "messages before it was let in",
            ),
            (
                asked.bytes,
                limits.stranger_bytes,
                "bytes before it was let in",
            ),
            (
                answers.unread.len(),
                limits.stranger_answers,
                "unread answers before it was let in",
            ),
        ];
        let queued = usize::try_from(answers.queued - answers.written).unwrap_or(usize::MAX);
        let always = [
            (
                asked.questions.len() - asked.given_up,
                limits.questions,
                "open questions",
            ),
            (asked.given_up, limits.given_up, "questions that it gave up"),
            (
                asked.question_bytes,
                limits.question_bytes,
                "bytes of open questions",
            ),
            (
                answers.unread_bytes,
                limits.answer_bytes,
                "bytes of unread answers",
            ),
            (queued, limits.queued_bytes, "bytes that it does not read"),
        ];
        let as_stranger = as_stranger.iter().filter(|_| self.is_stranger());
        let passed = as_stranger
            .chain(&always)
            .find(|(count, limit, _)| count > limit);
        let Some((_, limit, what)) = passed else {
            return Ok(());
        };
        let reason = format!("the peer passed a limit: more than {limit} {what}");
        self.close(&reason);
        Err(closed(reason).into())
    }
}

/// Whether nobody waits for this message: it says only that something was taken in, or is not
/// wanted any more.
fn may_wait(message: message::Reader<'_>) -> bool {
    match message.which() {
        Ok(message::Return(Ok(answer))) => match answer.which() {
            Ok(return_::Results(Ok(results))) => {
                let size = results.get_content().target_size();
                size.is_ok_and(|size| size.word_count == 0 && size.cap_count == 0)
            }
            _ => false,
        },
        Ok(message::Finish(_) | message::Release(_)) => true,
        _ => false,
    }
}

impl Asked {
    fn question(&mut self, id: u32, bytes: usize) {
        let question = Question {
            bytes,
            ..Question::default()
        };
        // The RPC system ends the connection where an id is in use.
        self.questions.insert(id, question);
        self.question_bytes += bytes;
    }

    fn needed(&mut self, id: u32) {
        if let Some(question) = self.questions.get_mut(&id) {
            question.is_needed = true;
        }
    }

    /// How many bytes the question had.
    fn answered(&mut self, answer: return_::Reader<'_>) -> usize {
        let id = answer.get_answer_id();
        let Some(question) = self.questions.get_mut(&id) else {
            return 0;
        };
        let bytes = std::mem::take(&mut question.bytes);
        self.question_bytes -= bytes;
        question.is_answered = true;
        self.given_up -= usize::from(question.is_finished);
        if question.is_finished || answer.get_no_finish_needed() {
            self.questions.remove(&id);
        }
        bytes
    }

    fn finished(&mut self, id: u32) {
        let Some(question) = self.questions.get_mut(&id) else {
            return;
        };
        if question.is_answered {
            self.questions.remove(&id);
        } else if !question.is_finished {
            question.is_finished = true;
            self.given_up += 1;
            if !question.is_needed {
                self.question_bytes -= std::mem::take(&mut question.bytes);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use capnp::message::Builder;

    use super::*;

    fn sent(ledger: &Ledger, write: impl FnOnce(message::Builder<'_>)) {
        let mut message = Builder::new_default();
        write(message.init_root());
        ledger.queued(message.get_root_as_reader().ok(), 8);
    }

    /// A peer mostly sends no answer to what this side gave up before it was answered.
    #[test]
    fn what_this_side_gave_up_is_not_owed() {
        let limits = Limits {
            answer_time: Duration::ZERO,
            ..Limits::default()
        };
        let ledger = Ledger::new(&limits, false);
        sent(&ledger, |message| message.init_call().set_question_id(1));
        assert!(!ledger.is_owed_too_long(), "nothing was expected by then");
        ledger.expect_answers();
        sent(&ledger, |message| message.init_call().set_question_id(2));
        assert!(ledger.is_owed_too_long());
        sent(&ledger, |message| message.init_finish().set_question_id(2));
        assert!(!ledger.is_owed_too_long());
    }
}
