use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use smtp_core::{Body, BodyError, BoxError, BoxFuture, Message, Outcomes, Recipient, Reply};
use tower_service::Service;

use super::command::{Template, Unfit};
use super::facts::{Facts, RecipientFacts};
use super::filter::Filter;
use super::process::{self, Ended, Failure};
use super::{CommandError, exit};
use crate::{SpoolOptions, Spooled, outcome};

/// Delivers to a program; see the [module](super).
///
/// Each recipient has a process of its own, one after the other, unless one is for all. A message for
/// one process is streamed; for several it is [spooled](Spooled). How many run at once is how many
/// messages are delivered at once: tower's `ConcurrencyLimit` bounds it.
///
/// If the message is not received whole, or the future is dropped, the program is killed before it can
/// see the end of its input. What it did by then is done. What it leaves running when it ends by itself is
/// left alone.
#[derive(Clone)]
pub struct Pipe {
    settings: Arc<Settings>,
}

#[derive(Clone)]
struct Settings {
    template: Template,
    detail_separator: Option<char>,
    filter: Filter,
    timeout: Duration,
    keep_crlf: bool,
    together: bool,
    reply_with_output: bool,
    spool: SpoolOptions,
}

impl Pipe {
    /// The program by its absolute path, and its arguments, which may have placeholders.
    ///
    /// # Errors
    /// If the path is not absolute, or an argument has something in braces that is no placeholder.
    pub fn command<'a>(command: impl IntoIterator<Item = &'a str>) -> Result<Self, CommandError> {
        let command: Vec<&str> = command.into_iter().collect();
        let settings = Settings {
            template: Template::parse(&command)?,
            detail_separator: None,
            filter: Filter::default(),
            timeout: Duration::from_mins(5),
            keep_crlf: false,
            together: false,
            reply_with_output: false,
            spool: SpoolOptions::default(),
        };
        Ok(Self { settings: Arc::new(settings) })
    }

    /// Sets a variable of the environment, also in the place of one that is there otherwise.
    #[must_use]
    pub fn env(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.with(|settings| settings.template.variables.push((name.into(), value.into())))
    }

    /// Where the program starts, `/` otherwise.
    #[must_use]
    pub fn directory(self, directory: impl Into<PathBuf>) -> Self {
        self.with(|settings| settings.template.directory = directory.into())
    }

    /// As whom the program runs, by the number of a user: with its primary group, unless
    /// [`group`](Self::group) names another, and without supplementary ones. Only root may; where the server
    /// is root, it has to, or nothing is delivered.
    ///
    /// The group is looked up here, which may block. Without one, of a user whom the system does not know,
    /// nothing is delivered: 451 4.3.5.
    #[must_use]
    pub fn user(self, id: u32) -> Self {
        self.with(|settings| settings.template.account.set_user(id))
    }

    /// The same by the name of the user, which is looked up here.
    ///
    /// # Errors
    /// If the system has no such user.
    pub fn user_named(self, name: &str) -> Result<Self, CommandError> {
        let mut known = Ok(());
        let pipe = self.with(|settings| known = settings.template.account.set_user_named(name));
        known.map(|()| pipe)
    }

    /// The group of the program, by its number; without supplementary ones.
    #[must_use]
    pub fn group(self, id: u32) -> Self {
        self.with(|settings| settings.template.account.group = Some(id))
    }

    /// Runs the program as root where the server is root and no [`user`](Self::user) is named, which is refused
    /// otherwise: 451 4.3.5. Whoever finds a fault in the program has the whole system then, by a message.
    ///
    /// Logs a warning.
    #[must_use]
    pub fn allow_root(self) -> Self {
        tracing::warn!(program = %self.settings.template.program().display(), "a program may run as root");
        self.with(|settings| settings.template.account.may_be_root = true)
    }

    /// The only characters that are kept of what clients say, in arguments and in the environment; in the
    /// place of others stands `_`. For programs that give it to a shell: Postfix keeps letters, digits and
    /// `!@%-_=+:,./` there (`command_expansion_filter`).
    ///
    /// ```
    /// # use smtp_delivery::Pipe;
    /// let plain = "0123456789!@%-_=+:,./abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    /// let pipe = Pipe::command(["/usr/local/bin/old-script", "{user}"])?.expansion_filter(plain);
    /// # let _ = pipe;
    /// # Ok::<(), smtp_delivery::pipe::CommandError>(())
    /// ```
    #[must_use]
    pub fn expansion_filter(self, characters: &str) -> Self {
        self.with(|settings| settings.filter = Filter::allowing(characters))
    }

    /// What divides user and extension in local parts (RFC 5233); without one, there are no extensions.
    #[must_use]
    pub fn detail_separator(self, separator: char) -> Self {
        self.with(|settings| settings.detail_separator = Some(separator))
    }

    /// How long the program may take to read each piece of the message, and then again to end: 5 minutes.
    /// Beyond that it is killed, with all processes of its group, and the outcome is 451 4.4.7.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        self.with(|settings| settings.timeout = timeout)
    }

    /// Lines end with the CRLF that they came with rather than with LF.
    #[must_use]
    pub fn keep_crlf(self) -> Self {
        self.with(|settings| settings.keep_crlf = true)
    }

    /// One process for all recipients of a message: an argument about recipients is there once for each of
    /// them, and all have the same outcome.
    #[must_use]
    pub fn for_all_recipients(self) -> Self {
        self.with(|settings| settings.together = true)
    }

    /// The first line that the program prints, on its error output rather than on its standard output, is
    /// the text of the outcome, which the sender may get to see. It may begin with an enhanced status code.
    /// The log has the line in any case.
    #[must_use]
    pub fn reply_with_output(self) -> Self {
        self.with(|settings| settings.reply_with_output = true)
    }

    /// How messages for several processes are spooled.
    #[must_use]
    pub fn spool(self, options: SpoolOptions) -> Self {
        self.with(|settings| settings.spool = options)
    }

    fn with(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(Arc::make_mut(&mut self.settings));
        self
    }

    async fn deliver(self, message: Message) -> Result<Outcomes, BoxError> {
        let Message { envelope, body, session } = message;
        let Settings { filter, detail_separator, .. } = &*self.settings;
        let facts = Facts::of(&envelope.sender, &session, filter);
        let about = |recipient: &Recipient| RecipientFacts::of(recipient, *detail_separator, filter);
        let recipients: Vec<RecipientFacts> = envelope.recipients.iter().map(about).collect();
        if recipients.is_empty() {
            return Ok(Reply::new(554, "5.5.1 no valid recipients").into());
        }
        if self.settings.together || recipients.len() == 1 {
            return Ok(self.run(&facts, &recipients, body).await?.into());
        }
        let spooled = Spooled::read(body, &self.settings.spool).await?;
        let mut replies = Vec::with_capacity(recipients.len());
        for recipient in &recipients {
            let outcome = self.run(&facts, std::slice::from_ref(recipient), spooled.body()).await;
            replies.push(outcome.unwrap_or_else(|error| error.reply()));
        }
        Ok(outcome::from_each(replies))
    }

    async fn run(
        &self,
        facts: &Facts,
        recipients: &[RecipientFacts],
        body: Body,
    ) -> Result<Reply, BodyError> {
        let Settings { template, timeout, keep_crlf, .. } = &*self.settings;
        let command = match template.fill(facts, recipients) {
            Ok(command) => command,
            Err(Unfit::Option) => {
                return Ok(Reply::new(553, "5.1.3 addresses that begin with a dash are not taken here"));
            }
            Err(Unfit::Group) => {
                tracing::error!(program = %template.program().display(), "the user of the program has no group");
                return Ok(misconfigured());
            }
            Err(Unfit::Root) => {
                tracing::error!(
                    program = %template.program().display(),
                    "the program would run as root: name a user for it, or allow that with allow_root"
                );
                return Ok(misconfigured());
            }
        };
        match process::run(command, body, *timeout, *keep_crlf).await {
            Ok(ended) => Ok(self.outcome(&ended)),
            Err(Failure::Body(error)) => Err(error),
            Err(Failure::System(error)) => {
                tracing::error!(program = %template.program().display(), %error, "program cannot be run");
                Ok(misconfigured())
            }
        }
    }

    fn outcome(&self, ended: &Ended) -> Reply {
        let program = self.settings.template.program().display();
        let line = ended.output.first_line();
        let said = line.as_deref().unwrap_or_default();
        let Some(status) = ended.status else {
            tracing::error!(%program, said, "program takes too long");
            return Reply::new(451, "4.4.7 local delivery takes too long, try again later");
        };
        if status.success() {
            tracing::debug!(%program, said, "program took the message");
        } else {
            tracing::warn!(%program, %status, said, "program did not take the message");
        }
        exit::outcome(status.code(), line.as_deref().filter(|_| self.settings.reply_with_output))
    }
}

fn misconfigured() -> Reply {
    Reply::new(451, "4.3.5 local configuration error, try again later")
}

impl Service<Message> for Pipe {
    type Response = Outcomes;
    type Error = BoxError;
    type Future = BoxFuture<Result<Outcomes, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, message: Message) -> Self::Future {
        Box::pin(self.clone().deliver(message))
    }
}

impl fmt::Debug for Pipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pipe").field("program", &self.settings.template.program()).finish_non_exhaustive()
    }
}
