// LuaCATS annotations for editors: the words, and every family with its operations and records.
#include "interpreter/command/reference.h"

#include <set>

#include "bindings/table.h"
#include "interpreter/command/words.h"

namespace perilune {

namespace {

constexpr std::string_view common_types = R"(---@meta
-- Types of runbooks, for editors. Made by: perilune docs stubs

---@alias perilune.Duration number|string  Seconds, or text such as "30m".
---@alias perilune.Size number|string  Bytes, or text such as "64MiB".
---@alias perilune.Time number|string  Unix seconds, or text such as "2026-03-01T02:00:00Z".
---@class perilune.Secret A handle; it prints as [secret NAME] and is opened only in the host.

---@class perilune.Error
---@field code string
---@field message string
---@field retry "safe"|"unknown"|"never"
---@field operation string?
---@field target string?
---@field step string?
---@field at string?
---@field detail any

---@class perilune.Parameter
---@field type "string"|"integer"|"number"|"boolean"|"duration"|"size"|"time"|"list"
---@field required boolean?
---@field default any
---@field min any
---@field max any
---@field enum any[]?
---@field pattern string?
---@field help string?

---@class perilune.Runbook
---@field summary string
---@field objectives { rto: any, rpo: any, undo: any }?
---@field targets table<string, string[]>?
---@field parameters table<string, perilune.Parameter>?
---@field locks string[]?
---@field on_failure ("ask"|"undo"|"stop")?
---@field refuse (fun(params: table<string, any>): string?)?
---@field run fun(params: table<string, any>): any
---@field ended (fun(params: table<string, any>, result: any))?

---@class perilune.StepOptions
---@field timeout perilune.Duration?
---@field retries integer?
---@field backoff perilune.Duration?
---@field when (fun(): any)?
---@field verify (fun(...): any)?
---@field undo (fun(result: any)|false)?
---@field on_failure ("ask"|"undo"|"stop")?

---@class perilune.QuestionOptions
---@field role string?
---@field count integer?
---@field not_starter boolean?
---@field within perilune.Duration?
---@field otherwise any
---@field detail string?
---@field evidence ("text"|"number"|"url"|"file")?
---@field choices string[]?
---@field verify (fun(value: any): any)?
---@field when (fun(): any)?
)";

// Some tables name a record with its family, some without.
std::string record_class(std::string_view family, std::string_view name) {
    if (name.find('.') != std::string_view::npos) return std::string(name);
    return std::string(family) + "." + std::string(name);
}

class ShapeReader {
public:
    explicit ShapeReader(const Family& family) : family_(family.name) {
        for (const auto* known : all_families())
            for (const auto& record : known->records)
                records_.insert(record_class(known->name, record.name));
        for (const auto& record : shared_records())
            records_.insert(record_class("perilune", record.name));
    }

    // A shape of the tables ("list of dns.RecordSet", "{ before, after? }") as a LuaCATS type.
    std::string read(std::string_view shape) const {
        if (shape.ends_with('?')) return read(shape.substr(0, shape.size() - 1)) + "?";
        if (const auto end = shape.find("} or "); end != std::string_view::npos)
            return "(" + read(shape.substr(0, end + 1)) + "|" + read(shape.substr(end + 5)) + ")";
        if (shape.starts_with('{')) return read_fields(shape);
        if (const auto at = shape.find(" or "); at != std::string_view::npos)
            return "(" + read(shape.substr(0, at)) + "|" + read(shape.substr(at + 4)) + ")";
        if (shape.starts_with("list of ")) return "(" + read(shape.substr(8)) + ")[]";
        if (shape == "list") return "any[]";
        if (shape.starts_with("map")) return "table<any, any>";
        if (shape == "text") return "string";
        if (shape == "nil" || shape == "boolean" || shape == "number" || shape == "integer" ||
            shape == "false")
            return std::string(shape);
        if (shape == "duration" || shape == "size" || shape == "time") return "number";
        if (shape == "secret") return "perilune.Secret";
        for (const auto& name : {record_class(family_, shape), record_class("perilune", shape)})
            if (records_.contains(name)) return name;
        return "any";
    }

private:
    static std::string read_fields(std::string_view shape) {
        std::string out = "{ ";
        std::string name;
        for (const char c : shape) {
            const bool in_name =
                (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '?';
            if (in_name) {
                name += c;
                continue;
            }
            if (!name.empty())
                out += (out.size() > 2 ? ", " : "") +
                       (name.ends_with('?') ? name.substr(0, name.size() - 1) + ": any?"
                                            : name + ": any");
            name.clear();
        }
        return out + " }";
    }

    std::string_view family_;
    std::set<std::string> records_;
};

std::string parameter_type(const Parameter& parameter, const ShapeReader& shapes) {
    std::string type;
    if (!parameter.choices.empty() && parameter.type == Type::text) {
        type = "\"";
        for (const char c : parameter.choices)
            type += c == '|' ? std::string("\"|\"") : std::string(1, c);
        type += "\"";
        if (parameter.may_be_secret) type += "|perilune.Secret";
        return "(" + type + ")";
    }
    switch (parameter.type) {
        case Type::text: type = "string"; break;
        case Type::integer: type = "integer"; break;
        case Type::number: type = "number"; break;
        case Type::boolean: type = "boolean"; break;
        case Type::duration: type = "perilune.Duration"; break;
        case Type::size: type = "perilune.Size"; break;
        case Type::time: type = "perilune.Time"; break;
        case Type::list:
            type = parameter.shape.empty() ? "any[]" : "(" + shapes.read(parameter.shape) + ")[]";
            break;
        case Type::map: type = "table<string, any>"; break;
        case Type::target: type = "perilune." + std::string(parameter.shape); break;
        case Type::secret: type = "perilune.Secret"; break;
        case Type::plain: type = "any"; break;
    }
    return parameter.may_be_secret ? "(" + type + "|perilune.Secret)" : type;
}

// A doc of several lines as comment lines.
std::string comment(std::string_view doc) {
    std::string out = "---";
    for (const char c : doc) out += c == '\n' ? std::string("\n---") : std::string(1, c);
    return out + "\n";
}

std::string one_line(std::string_view doc) {
    std::string out(doc);
    for (char& c : out)
        if (c == '\n') c = ' ';
    return out;
}

void add_operation(std::string& text, const std::string& handle, const Family& family,
                   const Operation& operation, const ShapeReader& shapes) {
    const std::string arguments =
        "perilune." + std::string(family.name) + "." + std::string(operation.name);
    const bool takes = !operation.used_parameters().empty();
    bool needs = false;
    if (takes) {
        text += "\n---@class " + arguments + "\n";
        for (const auto& parameter : operation.used_parameters()) {
            const bool required = parameter.need == Need::required && parameter.fallback.empty() &&
                                  parameter.group.empty();
            needs = needs || required || !parameter.group.empty();
            text += "---@field " + std::string(parameter.name) + " " +
                    parameter_type(parameter, shapes) + (required ? " " : "? ") +
                    one_line(parameter.doc) + "\n";
        }
        text += "---@field timeout perilune.Duration? How long the call may take.\n";
    }
    text += "\n" + comment(operation.doc);
    text += "---@param arguments " +
            (takes ? arguments : std::string("{ timeout: perilune.Duration? }")) +
            (needs ? "\n" : "?\n");
    if (!operation.result.empty()) text += "---@return " + shapes.read(operation.result) + "\n";
    text += "function " + handle + ":" + std::string(operation.name) + "(arguments) end\n";
}

void add_record(std::string& text, std::string_view family, const Record& record,
                const ShapeReader& shapes) {
    text += "\n" + comment(record.doc) + "---@class " + record_class(family, record.name) + "\n";
    for (const auto& field : record.fields) {
        if (field.name.empty()) break;
        text += "---@field " + std::string(field.name) + " " + shapes.read(field.type) + " " +
                one_line(field.doc) + "\n";
    }
}

void add_family(std::string& text, const Family& family) {
    const ShapeReader shapes(family);
    for (const auto& record : family.records) add_record(text, family.name, record, shapes);
    const std::string name(family.name);
    const std::string handle = name + "_target";
    text +=
        "\n" + comment(family.doc) + "---@class perilune." + name + "\nlocal " + handle + " = {}\n";
    for (const auto& operation : family.operations)
        add_operation(text, handle, family, operation, shapes);
    text += "\n---The target `" + name +
            "/NAME` of the environment.\n---@param name string\n"
            "---@return perilune." +
            name + "\nfunction " + name + "(name) end\n";
}

}  // namespace

std::string stubs() {
    std::string text(common_types);
    for (const auto& word : all_words())
        text += "\n" + comment(word.doc) + std::string(word.signature);
    const ShapeReader shapes(*all_families().front());
    for (const auto& record : shared_records()) add_record(text, "perilune", record, shapes);
    for (const auto* family : all_families()) add_family(text, *family);
    return text;
}

}  // namespace perilune
