// The table of commands. To add one: write its function, declare it here, add its row.
#include "interpreter/command/command.h"

#include "interpreter/command/check.h"
#include "interpreter/command/doctor.h"
#include "interpreter/command/drill.h"
#include "interpreter/command/executions.h"
#include "interpreter/command/help.h"
#include "interpreter/command/learning.h"
#include "interpreter/command/new.h"
#include "interpreter/command/plan_command.h"
#include "interpreter/command/reference.h"
#include "interpreter/command/test.h"

namespace perilune {

namespace {

constexpr ArgumentRow run_argument = {"RUN", "A run's id, a part of it that is unique, or last"};
constexpr ArgumentRow question_argument = {"NAME", "The question's name, where it asks several",
                                           false};
constexpr OptionRow reason = {"--reason", "TEXT", "Why; kept in the journal"};
constexpr OptionRow break_glass = {"--break-glass", "",
                                   "Passes the environment's policy over; needs --reason"};
constexpr OptionRow key = {"--key", "FILE", "The SSH key of who says it (see people.yaml)"};
constexpr std::string_view who_signs =
    "Signed by the SSH key that people.yaml knows: of --key, PERILUNE_KEY, ssh-agent or ~/.ssh.";
constexpr OptionRow result = {"--result", "JSON", "What the step or operation gives back"};
constexpr OptionRow current = {"--with-current-code", "",
                               "Goes on with the library as it is on disk now"};

std::vector<CommandRow> execute_rows() {
    return {
        {"run", "Execute", "Executes a runbook",
         "Starts a run and stays with it until it rests. Parameters are given as name=value.",
         {{"RUNBOOK", "The runbook's name"},
          {"PARAMETERS", "Its parameters, as name=value", false, true}},
         {{"--environment", "NAME", "The environment it acts on; there is no default", "-e"},
          {"--plan", "DIGEST", "Only what this plan shows may be done"},
          break_glass, reason, key,
          {"--outage-began", "TIME", "When the objectives' clock started, as RFC 3339"},
          {"--wait-for-locks", "DURATION", "How long to wait for a lock that is held"},
          {"--run-id", "ID", "Names the run; the same id is never started twice"},
          {"--services", "FILE", "What a drill has started for this environment"}},
         execute_run},
        {"plan", "Execute", "Shows what a run would do, in order, without changing anything",
         "Observes are real; changes are predicted. What only the run will know is listed, never "
         "guessed.",
         {{"RUNBOOK", "The runbook's name", false},
          {"PARAMETERS", "Its parameters, as name=value", false, true}},
         {{"--environment", "NAME", "The environment; there is no default", "-e"},
          {"--continue", "RUN", "Instead of a runbook: the rest of this run, from where it waits"},
          {"--out", "FILE", "Writes the plan as JSON, for run --plan FILE"}},
         execute_plan},
        {"resume", "Execute", "Goes on with a run that rests or whose host died",
         "Replays the run's journal and goes on where it stood. What was in flight is settled "
         "first, never guessed.",
         {run_argument}, {current}, execute_resume},
    };
}

std::vector<CommandRow> drill_rows() {
    return {
        {"drill", "Drill", "Causes a disaster for real, and measures the recovery",
         "Starts the services of a drill's environment, causes the disaster, executes the runbook "
         "as in an incident, and measures RTO and RPO from outside. Everything is put back; the "
         "evidence is kept in the state folder. The exit code is 1 where an objective is missed or "
         "anything deviates.",
         {{"DRILL", "The name of a file in drills/"}},
         {{"--environment", "NAME", "One of kind drill; drill unless said otherwise", "-e"},
          {"--kill-host", "", "kill -9 of the host in a random step; another one goes on"},
          {"--keep", "", "Leaves the services running, to look at them"},
          {"--stop", "", "Executes nothing: stops what a drill of this name has left running"},
          {"--schedule", "CRON", "Executes nothing: prints the line of a crontab that does"}},
         execute_drill},
        {"drills", "Drill", "Shows what the last drills proved, and whether they still do",
         "A drill expires with time, and when the code it executed has changed. The exit code is 1 "
         "where anything is not ready.",
         {}, {{"--valid-for", "DURATION", "How long a drill counts; 92d unless said otherwise"},
          {"--compare", "DRILL", "Twice: how long each step took in the two", "", true},
          {"--table", "", "Every drill of every library in the state folder, the newest of each"}},
         execute_drills},
    };
}

std::vector<CommandRow> steer_rows() {
    return {
        {"retry", "Steer", "Tries the failed step again",
         "Resumes the run where nobody executes it.", {run_argument},
         {{"--step", "NAME", "Which, where several failed"}, reason, current, key}, execute_retry},
        {"skip", "Steer", "Skips a failed or running step",
         "The step gives nil, or what --result says. A reason is required.",
         {run_argument}, {{"--step", "NAME", "Which"}, reason, result, current, key}, execute_skip},
        {"settle", "Steer", "Says what became of a change that is in doubt",
         "Look at the world first; what you say is kept with your name.",
         {run_argument,
          {"OPERATION", "Which, such as http/shop:post or its key, if several are", false}},
         {{"--happened", "", "It happened"}, {"--did-not", "", "It did not happen"},
          {"--again", "", "Do it again, whatever happened"}, reason, result, key},
         execute_settle},
        {"undo", "Steer", "Takes back what a run changed, newest first",
         "Looks before each change is taken back and asks where the world is no longer as the run "
         "left it.",
         {run_argument},
         {{"--to", "STEP", "Only what settled after this step or keep mark"},
          {"--preview", "", "Only says what would be taken back, what cannot be, and what stays"},
          {"--force", "", "Also where the world is no longer as the run left it"}, reason, key},
         execute_undo},
        {"cancel", "Steer", "Ends a run; its changes stay and are listed", "",
         {run_argument}, {reason, key}, execute_cancel},
        {"pause", "Steer", "Stops starting anything and parks the run, resumable", "",
         {run_argument}, {reason}, execute_pause},
        {"approve", "Steer", "Approves what a run asks", who_signs,
         {run_argument, question_argument},
         {{"--plan", "DIGEST", "Instead of a question: this plan of the rest of the run"},
          break_glass, reason, key}, execute_approve},
        {"reject", "Steer", "Rejects what a run asks", who_signs,
         {run_argument, question_argument}, {break_glass, reason, key}, execute_reject},
        {"answer", "Steer", "Answers a question of a run", who_signs,
         {run_argument, {"NAME", "The question's name"}, {"VALUE", "The answer", false}},
         {break_glass, reason, key}, execute_answer},
        {"signal", "Steer", "Sends a run a signal it waits for, or will",
         "A signal sent before the wait is kept.",
         {run_argument, {"NAME", "The signal's name"}},
         {{"--data", "JSON", "What goes with it"},
          {"--id", "ID", "Its identity: the same one sent twice counts once"}, key},
         execute_signal},
        {"review", "Steer", "Says what came of a look at a run in which policy was passed over",
         "By anybody but those who did that.", {run_argument}, {reason, key}, execute_review},
        {"state", "Steer",
         "Takes over a state folder that was copied, restored or has lost records",
         "Such a folder is only read until somebody says that no other copy is executed from. Who, "
         "why and what was found are kept in its table meta.",
         {{"WHAT", "adopt"}}, {{"--reason", "TEXT", "Why; kept in the state folder"}},
         execute_state},
    };
}

std::vector<CommandRow> learn_rows() {
    return {
        {"runs", "Learn", "Shows the runs, the newest first", "", {},
         {{"--only", "STATE", "Only those in this state, such as waits, open (not ended), failed"},
          {"--runbook", "NAME", "Only those of this runbook"},
          {"--children", "", "Child runs too"},
          {"--limit", "NUMBER", "How many at most; 20 unless said otherwise"}},
         execute_runs},
        {"status", "Learn", "Says how a run stands, or all that have not ended",
         "What it does, since when, what it waits for, and the next command.",
         {{"RUN", "A run's id, a part of it that is unique, or last", false}}, {}, execute_status},
        {"watch", "Learn", "Follows a run that another process executes",
         "Shows what is done as it is done, until the run rests. Ctrl-C only ends the watching.",
         {run_argument}, {{"--all", "", "Begins with what was done before"}}, execute_watch},
        {"where", "Learn", "Says what a run waits for, with the lines of the script", "",
         {run_argument}, {}, execute_where},
        {"show", "Learn", "Shows what a run was given, what it holds, and its child runs", "",
         {run_argument},
         {{"--records", "", "Prints the journal's records as they are, a line each"}},
         execute_show},
        {"report", "Learn", "Writes a run's report",
         "One self-contained page: outcome, changes, approvals, the whole history.",
         {run_argument},
         {{"--format", "FORMAT", "text, markdown, html or json; else by the file's ending"},
          {"--output", "FILE", "Where it is written; else it is printed", "-o"}},
         execute_report},
        {"replay", "Learn", "Says what the code on disk would have done otherwise in a run",
         "Executes the runbook again and answers it from the run's journal: no target is touched. "
         "Without --with-current-code it is the run's own code, which does the same. The exit code "
         "is 1 where anything differs.",
         {run_argument},
         {{"--with-current-code", "", "With the library as it is on disk now"},
          {"--observes", "", "Also lists the observes that are the same"}},
         execute_replay},
        {"version", "Learn", "Shows the program's version", "", {}, {}, execute_version},
        {"help", "Learn", "Shows the commands, or one in full", "",
         {{"COMMAND", "A command's name", false}}, {}, execute_help},
    };
}

std::vector<CommandRow> audit_rows() {
    return {
        {"verify", "Learn", "Checks that a run's journal is as it was written",
         "Checks the chain of hashes, the number of records and the last hash, of child runs too. "
         "The exit code is 1 where anything was altered.",
         {{"RUN", "A run's id, a part of it that is unique, or last", false}},
         {{"--all", "", "Checks every run of the store"},
          {"--checkpoint", "FILE", "Also against this, whose signature is in FILE.minisig"},
          {"--public-key", "KEY", "Whose signature it must be: a file, or the key itself"}},
         execute_verify},
        {"checkpoint", "Learn", "Signs what the journals are like now, to be kept elsewhere",
         "verify --checkpoint then sees a journal whose tail was cut off or that was written anew. "
         "Keys and signatures are in minisign's format.",
         {{"RUN", "Only this run and those below it; else all", false}},
         {{"--key", "FILE", "The secret key that signs"},
          {"--password-file", "FILE", "Holds the key's password, where it has one"},
          {"--output", "FILE", "Where it is written; the signature goes into FILE.minisig", "-o"},
          {"--new-key", "FILE", "Only makes a key, and FILE.pub beside it"}},
         execute_checkpoint},
        {"export", "Learn", "Writes runs as plain files that need no program to be read",
         "Journals, reports and the code of a run and those below it, or of all runs of a period, "
         "with a checkpoint that may be signed.",
         {{"RUN", "Only this run and those below it; else all", false}},
         {{"--output", "FOLDER", "A new or empty folder", "-o"},
          {"--since", "TIME", "Only runs that were begun then or later, as RFC 3339"},
          {"--to", "TIME", "Only runs that were begun before"},
          {"--key", "FILE", "Signs the checkpoint, as the command checkpoint does"},
          {"--password-file", "FILE", "Holds the key's password, where it has one"}},
         execute_export},
        {"import", "Learn", "Puts exported runs into this state folder",
         "Chains, checkpoint and code are checked first. Only runs that have ended are taken.",
         {{"FOLDER", "What export wrote"}},
         {{"--public-key", "KEY", "Whose signature its checkpoint must have"}}, execute_import},
    };
}

std::vector<CommandRow> write_rows() {
    return {
        {"new", "Write", "Begins a library: a runbook with its environment, tests and exploration",
         "Writes only into a folder that is new or empty.",
         {{"FOLDER", "Where; its last part is the library's name"}}, {}, execute_new},
        {"list", "Write", "Lists the library's runbooks and environments",
         "Reads the files only; nothing is executed.", {}, {}, execute_list},
        {"check", "Write", "Finds what is wrong with runbooks before they are executed",
         "Names, operations and their arguments, targets, parameters. The exit code is 2 where "
         "there is an error.",
         {{"RUNBOOKS", "Which; else the whole library", false, true}},
         {{"--environment", "NAME", "Also against what this environment has", "-e"}},
         execute_check},
        {"test", "Write", "Executes the library's tests in simulated worlds",
         "Files tests/NAME_test.lua, in busted's words; no network, no waiting. --mutate breaks "
         "runbooks in small ways, one at a time, and names what no test notices. The exit code is "
         "1 where a test fails, or where less than --least comes out.",
         {{"FILES", "Which; of --mutate which runbooks; else all of the library", false, true}},
         {{"--filter", "TEXT", "Only tests with this in their name"},
          {"--fail-fast", "", "Stops at the first failure"},
          {"--shuffle", "SEED", "In another order, the same for the same seed"},
          {"--rerun", "", "Only those that failed last time"},
          {"--watch", "", "Again whenever a file of the library changes, until Ctrl-C"},
          {"--limit", "DURATION", "Processor time one test may use; 10 s unless said otherwise"},
          {"--at-once", "NUMBER", "How many files at once; as many as processors"},
          {"--format", "FORMAT", "text, junit, tap or json"},
          {"--output", "FILE", "Where that is written; else it is printed", "-o"},
          {"--coverage", "", "Tells which steps and branches the tests execute"},
          {"--coverage-format", "FORMAT", "text, html or lcov"},
          {"--coverage-output", "FILE", "Where that is written; else it is printed"},
          {"--mutate", "", "Breaks runbooks in small ways: does a test notice?"},
          {"--least", "PERCENT", "Of steps executed, or of mutants noticed, that must be"},
          {"--from-run", "RUN", "Executes nothing: writes this run's journal as a test"}},
         execute_test},
        {"explore", "Write", "Tries every fault of a runbook in simulated worlds",
         "Every operation fails before and after its effect, answers late or is throttled; the "
         "host dies at every moment and the run is resumed; it is undone where it rests; people "
         "refuse; then pairs of these. "
         "The exit code is 1 where something does not hold.",
         {{"RUNBOOKS", "Which have an exploration; else all of them", false, true}},
         {{"--within", "DURATION", "How long it may take; 10 s unless said otherwise"},
          {"--runs", "NUMBER", "How many runs at most; 20000 unless said otherwise"},
          {"--seed", "NUMBER", "Another order of the pairs"},
          {"--replay", "FAULTS", "Only this schedule, as a finding names it, or none"},
          {"--keep", "NAME", "Writes the schedule of --replay as a test"}},
         execute_explore},
        {"doctor", "Write", "Tries beforehand what will be needed: secrets, targets, tools",
         "Opens every secret, makes every driver and asks each target something that costs "
         "little. The exit code is 4 where a credential is missing, 1 for any other problem.",
         {{"RUNBOOK", "Only what this one needs; else all of the environment", false}},
         {{"--environment", "NAME", "The environment; there is no default", "-e"}},
         execute_doctor},
        {"docs", "Write", "Prints the reference, made from the program's own tables",
         "operations, drivers and commands are Markdown, man is roff, stubs are LuaCATS "
         "annotations for editors.",
         {{"PART", "operations, drivers, commands, man, completions or stubs"},
          {"SHELL", "Of completions: bash, zsh or fish", false}},
         {{"--output", "FILE", "Where it is written; else it is printed", "-o"}}, execute_docs},
    };
}

}  // namespace

const std::vector<OptionRow>& common_options() {
    static const std::vector<OptionRow> options = {
        {"--state", "FOLDER", "Where runs and their journals are kept", "", false},
        {"--library", "FOLDER", "The runbook library; else the one around the current folder", "-l",
         false},
        {"--json", "", "Prints JSON on standard output", "", false},
        {"--no-input", "", "Asks nothing: a question ends with exit code 3, resumable", "", false},
    };
    return options;
}

const std::vector<CommandRow>& all_commands() {
    static const std::vector<CommandRow> rows = [] {
        std::vector<CommandRow> all;
        for (const auto& group :
             {execute_rows(), drill_rows(), steer_rows(), learn_rows(), audit_rows(), write_rows()})
            all.insert(all.end(), group.begin(), group.end());
        return all;
    }();
    return rows;
}

}  // namespace perilune
