// The port behind which every provider stands: what a driver of a family can be asked.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "interpreter/base/awaitable.h"
#include "interpreter/base/loop.h"
#include "interpreter/base/operation.h"

namespace perilune {

class HttpClient;
class ObjectPort;

// A request to stop early. It never ends a coroutine by itself: a driver looks at it, or registers
// a callback, and still returns an outcome.
class Cancel {
public:
    bool asked() const { return asked_; }
    void ask();
    // Calls `callback` (on the loop) when the stop is asked for; at once if it was already.
    void on_ask(std::function<void()> callback);
    void forget() { callback_ = nullptr; }

private:
    std::atomic<bool> asked_ = false;
    std::function<void()> callback_;
};

// One call of an operation. The arguments are checked and complete (see check_arguments).
struct Call {
    std::string operation;  // "upsert"
    std::string target;     // "dns/site"
    Value arguments;        // A map; seconds, bytes and Unix seconds, as checked.
    std::string key;        // The intent's idempotency key; empty for observes.
    double deadline_s = 0;  // On the boot clock.
    std::shared_ptr<Cancel> cancel = std::make_shared<Cancel>();
    std::uint64_t epoch = 0;  // Fencing number of the run's owner.
    double intent_at_s = 0;   // `look` only: wall clock of the intent.
    double sent_at_s = 0;     // `look` only: the last moment it could have been sent.
    // Shows progress of long work on the screen ("312 MiB of 1.2 GiB"). May be called from any
    // thread; never null.
    std::function<void(std::string)> tell = [](std::string) {};  // NOLINT(performance-*): unused.
    // Opens a secret handle (or returns plain text as it is). Call it at use; keep nothing. From
    // any thread.
    std::function<Result<std::string>(const Value&)> open_secret;
    // False once the host may have lost the run: nothing that changes the world may be sent then.
    std::function<bool()> may_act = [] { return true; };
    // Of a change that takes several requests: what each part gave, as the journal has it from an
    // earlier try of the same intent. Such a part is not sent again.
    Map parts = {};
    // `act` only: makes what a part gave durable, and calls back on the loop when it is.
    std::function<void(std::string name, Value value, std::function<void()> durable)> keep_part;
};

// What `before` found: reads only.
struct Before {
    Value state;              // What undo, plan and "already so" need; comparable with `after`.
    bool already_so = false;  // The world is as asked; `act` is not called.
    Value result = {};        // The result to give where already so.
    char sign = '~';          // In a plan: '+' create, '~' change, '-' delete.
    std::string plan = {};    // In a plan: "300 s → 60 s"; empty: the arguments.
};

struct Outcome {
    enum class Kind {
        done,      // It happened.
        failed,    // It did not happen (`left_some`: a part did).
        unknown,   // The answer was lost: it may have happened.
        not_sent,  // Proved not sent or not executed: may be tried again (after `retry_after_s`).
    };
    Kind kind = Kind::done;
    Value value = {};  // The result, with at least `changed`.
    Value after = {};  // The state left behind, comparable with `Before::state`.
    Error error = {};
    bool left_some = false;
    double retry_after_s = 0;

    static Outcome done(Value value, Value after = {});
    static Outcome failed(Error error);
    static Outcome unknown(Error error);
    static Outcome not_sent(Error error, double retry_after_s = 0);
};

// What `look` saw of a change whose answer was lost.
struct Sighting {
    enum class Kind { happened, did_not, cannot_tell };
    Kind kind = Kind::cannot_tell;
    Value value = {};  // Of `happened`: the result.
    Value after = {};
    std::string evidence = {};  // One line for the journal and a person.
    bool settled = false;       // Of `did_not`: nothing that was sent can land any more.
};

// The call of the same family that takes a change back.
struct Restore {
    std::string operation;
    Value arguments;
};

// One operation of one driver. An observe has `observe`; a change has `before` and `act`, `look`
// where it can, and `restore` where it is undone.
struct Handler {
    std::function<Awaitable<Result<Value>>(Call&)> observe = {};
    std::function<Awaitable<Result<Before>>(Call&)> before = {};
    std::function<Awaitable<Outcome>(Call&, const Value& before)> act = {};
    std::function<Awaitable<Sighting>(Call&, const Value& before)> look = {};
    // Pure: from the recorded call, `before` state and result. Nil: there is nothing to take back.
    std::function<std::optional<Restore>(const Call&, const Value& before, const Value& result)>
        restore = {};
};

struct Driver {
    std::map<std::string, Handler, std::less<>> operations;
    // What a doctor asks besides one cheap observe; changes nothing. A list of { state, found,
    // advice?, credentials? }, state "ok", "problem" or "unchecked". Null: nothing more is known.
    std::function<Awaitable<Result<Value>>(Call&)> examine = {};
    std::shared_ptr<void> state;          // Keeps what the handlers use alive.
    std::shared_ptr<ObjectPort> objects;  // Storage drivers: their objects, for other drivers.
};

// The settings of one target from the environment file, checked against the driver's table.
struct Settings {
    std::string target;  // "dns/site"
    Value values;        // Durations, sizes and times as numbers; secrets as handles.
    std::string folder;  // Relative paths in settings start at this folder (the library's).
};

// What the host lends to drivers.
struct Services {
    Loop& loop;
    HttpClient* http = nullptr;
    std::string state_folder;    // For what must outlive a run: sockets, locks.
    std::string program_folder;  // Where the installed helper programs are.
    std::function<Result<std::string>(const Value&)> open_secret;
    // Keeps a secret that a provider gave (a token) while the host lives; returns its handle.
    std::function<Value(const std::string& name, const std::string& value)> keep_secret;
    std::function<void(std::string)> print;  // The console, for notify's console driver.
    // Another target's driver, for arguments of type target ("storage/backups"); null if absent.
    std::function<Driver*(const std::string& target)> driver_of;
};

// One setting a driver takes.
struct Setting {
    std::string_view name;
    Type type = Type::text;
    std::string_view doc;
    Need need = Need::required;
    std::string_view fallback = {};
    std::string_view choices = {};
    bool may_be_secret = false;
    bool identity = false;  // Names the thing itself (zone, bucket): may not change under a run.
};

// A driver that is a Lua file; it is part of what a run carries.
struct DriverScript {
    std::string path;  // "drivers/dns/cloudflare.lua"
    std::string text;
    std::function<Result<Driver>(const Settings& settings, Services& services)> make;
};

// A driver as the table of bindings knows it: family, name, settings, how to make one.
struct DriverKind {
    std::string_view family;  // "dns"
    std::string_view name;    // "zone_file"
    std::string_view doc;
    std::span<const Setting> settings;
    std::span<const std::string_view> operations;  // What it has of its family.
    Result<Driver> (*make)(const Settings& settings, Services& services);
    // Its changes are made within the host's own process: one that died cannot land later.
    bool acts_in_host = false;
    const DriverScript* script = nullptr;  // In place of `make`, of a driver in Lua.
    // For the reference: what a doctor asks of a target, and what nobody can ask beforehand.
    std::string_view doctor_checks = {};
    std::string_view doctor_cannot = {};
};

Result<Driver> make_driver(const DriverKind& kind, const Settings& settings, Services& services);

// Wraps functions that block; they are executed off the loop.
Handler observe_blocking(Loop& loop, std::function<Result<Value>(Call&)> observe);
Handler change_blocking(
    Loop& loop, std::function<Result<Before>(Call&)> before,
    std::function<Outcome(Call&, const Value&)> act,
    std::function<Sighting(Call&, const Value&)> look = {},
    std::function<std::optional<Restore>(const Call&, const Value&, const Value&)> restore = {});

}  // namespace perilune
