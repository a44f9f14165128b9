// The table in which every operation is declared once: arguments, journal, plan, permissions, types
// and manual all come from it.
#pragma once

#include <array>
#include <functional>
#include <span>
#include <string_view>

#include "interpreter/base/result.h"

namespace perilune {

enum class Effect { observe, change };

// What a runbook may count on when the outcome of a change is not known.
enum class Recovery {
    none,    // Observes: never in doubt.
    repeat,  // Do it again.
    key,     // Do it again with the same idempotency key.
    look,    // The driver finds out whether it happened.
    leave,   // Shown as maybe sent, never sent twice.
    ask,     // Only a person can know.
};

enum class Type {
    text,
    integer,
    number,
    boolean,
    duration,  // Seconds inside; text such as "30m" is accepted.
    size,      // Bytes inside; text such as "64MiB" is accepted.
    time,      // Unix seconds inside; RFC 3339 text with an offset is accepted.
    list,
    map,
    target,    // A handle; travels as its name, "storage/backups". `shape` is the family.
    secret,    // A secret handle only.
    plain,     // Any plain value.
};

enum class Need { required, optional };

struct Parameter {
    std::string_view name = {};
    Type type = Type::text;
    std::string_view doc = {};
    Need need = Need::required;
    std::string_view fallback = {};  // The default as a runbook writes it: "5m", "any".
    std::string_view shape = {};     // Of a list or map: what is inside ("dns.RecordSet", "text").
    std::string_view choices = {};   // The texts allowed, with bars: "any|absent".
    std::string_view group = {};     // Exactly one of the parameters of one group must be given.
    bool may_be_secret = false;      // A secret handle is opened for it in the host.
};

struct Operation {
    std::string_view name = {};
    Effect effect = Effect::observe;
    Recovery recovery = Recovery::none;
    std::string_view undo = {};      // "by upsert", "none" (nothing to take back), or "no".
    std::string_view result = {};    // The result's shape: "dns.RecordChange", "list of Check".
    std::string_view doc = {};       // What it does, units, errors, source. Never empty.
    std::array<Parameter, 14> parameters = {};  // Unused places have an empty name.
    std::string_view resource = {};  // Parameters that name what it touches: "name type".
    std::string_view key_with = {};  // With this parameter given, recovery is `key`.
    std::string_view affects = {};   // Observes whose answers it alters: "get list"; empty: all.
    double timeout_s = 30;           // Unless the call says otherwise.
    double settles_within_s = 30;    // How late an unanswered try may still land.
    bool everywhere = false;         // Bold in the vocabulary: every driver of the family has it.

    std::span<const Parameter> used_parameters() const;
    const Parameter* parameter(std::string_view parameter_name) const;
};

struct Field {
    std::string_view name = {};
    std::string_view type = {};  // "text", "number", "text?", "list of text", "dns.RecordSet".
    std::string_view doc = {};
};

// A named shape of results: Release, RecordSet, Backup.
struct Record {
    std::string_view name = {};
    std::string_view doc = {};
    std::array<Field, 14> fields = {};
};

struct Family {
    std::string_view name;  // "dns"
    std::string_view doc;
    std::span<const Operation> operations;
    std::span<const Record> records;
    // Brings checked arguments into one form before the journal and a driver see them (absolute
    // names, lower case); may refuse. Null where there is nothing to do.
    Status (*normalise)(const Operation& operation, Map& arguments) = nullptr;

    const Operation* operation(std::string_view operation_name) const;
};

std::string_view to_text(Effect effect);
std::string_view to_text(Recovery recovery);
std::string_view to_text(Type type);

// Checks a call's arguments against its row and returns them complete: unknown names refused with a
// suggestion, types and choices checked, units made numbers, defaults filled in. Every operation
// also takes `timeout` (duration). Unknown values (of a plan) pass.
Result<Map> check_arguments(const Family& family, const Operation& operation,
                            const Map& arguments);

// Brings one value into the form of `type`; `what` names it in the error ("ttl of dns:upsert").
Result<Value> convert(Type type, const Value& value, std::string_view what);

}  // namespace perilune
