//! The Lua scripts, and how one is called.

use redis::{FromRedisValue, Script, ScriptInvocation};

use super::{Inner, QueueError, RECORD_VERSION};

/// The prelude, what else a script builds on, and its own file as the body of a function.
macro_rules! script {
    ($body:literal) => {
        concat!(
            include_str!("prelude.lua"),
            "local function run()\n",
            include_str!($body),
            "\nend\n"
        )
    };
    ($ground:literal $body:literal) => {
        concat!(
            include_str!("prelude.lua"),
            include_str!($ground),
            "local function run()\n",
            include_str!($body),
            "\nend\n",
        )
    };
}

macro_rules! scripts {
    ($($name:ident: $($file:literal)+,)+) => {
        /// Every script, with the prelude before it.
        pub(super) struct Scripts {
            $(pub(super) $name: Script,)+
        }

        impl Scripts {
            pub(super) fn load() -> Self {
                Self {
                    $($name: Script::new(concat!(script!($($file)+), include_str!("settle.lua"))),)+
                }
            }
        }
    };
}

scripts! {
    announce: "room.lua" "announce.lua",
    submit: "room.lua" "submit.lua",
    reserve: "reserve.lua",
    unreserve: "unreserve.lua",
    claim: "due.lua" "claim.lua",
    renew: "renew.lua",
    progress: "progress.lua",
    finish: "finish.lua",
    cancel: "cancel.lua",
    retry: "retry.lua",
    delete: "delete.lua",
    sweep: "due.lua" "sweep.lua",
    oldest_wait: "oldest_wait.lua",
    server: "server.lua",
}

impl Inner {
    /// `script` with the key and the arguments that every script takes.
    pub(super) fn prepare<'a>(&self, script: &'a Script) -> ScriptInvocation<'a> {
        let mut call = script.prepare_invoke();
        call.key(&self.keys.prefix)
            .arg(RECORD_VERSION)
            .arg(self.args.events_kept)
            .arg(self.args.owner_running);
        call
    }

    pub(super) async fn run<T: FromRedisValue>(
        &self,
        call: &ScriptInvocation<'_>,
    ) -> Result<T, QueueError> {
        self.connection.run(call).await
    }
}
