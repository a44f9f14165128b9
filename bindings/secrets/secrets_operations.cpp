// The operations and records of the secrets family, as runbooks, the journal and the manual see
// them.
#include <cmath>

#include "bindings/secrets/secrets.h"

namespace perilune {

namespace {

constexpr Parameter name_parameter = {
    .name = "name", .doc = "The secret's name in the store, such as \"db/main\"."};
constexpr Parameter version_parameter = {.name = "version",
                                         .doc = "A version's name, as versions lists them."};

constexpr Operation operations[] = {
    {.name = "describe",
     .effect = Effect::observe,
     .result = "secrets.SecretInfo?",
     .doc = "Tells about one secret without its value; nil where there is none.",
     .parameters = {{name_parameter}},
     .resource = "name",
     .everywhere = true},
    {.name = "list",
     .effect = Effect::observe,
     .result = "list of secrets.SecretInfo",
     .doc = "Lists the secrets, by name; deleted ones are left out.",
     .parameters =
         {{{.name = "prefix", .doc = "Only names that begin with it.", .need = Need::optional}}},
     .everywhere = true},
    {.name = "read",
     .effect = Effect::observe,
     .result = "secret?",
     .doc = "Gives a handle that the host opens where it is used: to the current version at that "
            "moment, or to the version given. Nil where there is no such secret or version.",
     .parameters = {{name_parameter,
                     {.name = "version",
                      .doc = "Otherwise the current one when the handle is opened.",
                      .need = Need::optional}}},
     .resource = "name",
     .everywhere = true},
    {.name = "versions",
     .effect = Effect::observe,
     .result = "list of secrets.SecretVersion",
     .doc = "Lists a secret's versions, newest first; empty where there is no such secret.",
     .parameters = {{name_parameter}},
     .resource = "name"},
    {.name = "due",
     .effect = Effect::observe,
     .result = "list of secrets.SecretInfo",
     .doc = "Lists the secrets whose current version is older than the rule for them allows, with "
            "`overdue_s`, most overdue first. The rule with the longest prefix holds; a secret "
            "without a rule is never due.",
     .parameters = {{{.name = "rules",
                      .type = Type::list,
                      .doc = "Each `{ prefix, older_than }`; an empty prefix is for all others.",
                      .shape = "map"}}}},
    {.name = "put",
     .effect = Effect::change,
     .recovery = Recovery::key,
     .undo = "by set_current",
     .result = "secrets.SecretVersion",
     .doc = "Adds a version with this value, opened in the host. With stage current it takes the "
            "place of the current one, which becomes previous. `changed` is false where the "
            "current version has this value already. A deleted secret comes back with it, and its "
            "older versions are previous.",
     .parameters = {{name_parameter,
                     {.name = "value",
                      .type = Type::secret,
                      .doc = "A handle to the value.",
                      .may_be_secret = true},
                     {.name = "stage",
                      .doc = "Where the version stands.",
                      .fallback = "current",
                      .choices = "current|pending"}}},
     .resource = "name"},
    {.name = "generate",
     .effect = Effect::change,
     .recovery = Recovery::key,
     .undo = "by retire",
     .result = "secrets.SecretVersion",
     .doc = "Makes a value in the host and adds it as a version. `random`: `length` bytes as "
            "hexadecimal text; `password`: `length` letters, digits and signs that need no "
            "quoting; `rsa`: a private key of `length` bytes, 3072 bits unless 256 or more bytes "
            "are asked for (PKCS#8, PEM); `ed25519`: a private key (PKCS#8, PEM).",
     .parameters = {{name_parameter,
                     {.name = "kind",
                      .doc = "What to make.",
                      .fallback = "random",
                      .choices = "random|password|rsa|ed25519"},
                     {.name = "length",
                      .type = Type::integer,
                      .doc = "In bytes, of a password in characters; at least 16.",
                      .fallback = "32"},
                     {.name = "stage",
                      .doc = "Where the version stands.",
                      .fallback = "pending",
                      .choices = "pending|current"}}},
     .resource = "name",
     .timeout_s = 60},
    {.name = "set_current",
     .effect = Effect::change,
     .recovery = Recovery::repeat,
     .undo = "by set_current",
     .result = "map",
     .doc = "Makes a version the current one; the one before becomes previous. `before` and "
            "`after` name the current versions, `changed` whether they differ. Raises `not_found`.",
     .parameters = {{name_parameter,
                     version_parameter,
                     {.name = "stage",
                      .doc = "Gives the version another stage instead, as undo needs it; where it "
                             "was the current one, there is none then.",
                      .fallback = "current",
                      .choices = "current|pending|previous"},
                     {.name = "old_stage",
                      .doc = "The stage of the version that was current.",
                      .fallback = "previous",
                      .choices = "previous|pending|retired"}}},
     .resource = "name"},
    {.name = "rotate",
     .effect = Effect::change,
     .recovery = Recovery::look,
     .undo = "by set_current",
     .result = "secrets.SecretVersion",
     .doc = "Has the provider rotate the secret its own way, to the end, and returns the new "
            "current version.",
     .parameters = {{name_parameter}},
     .resource = "name",
     .timeout_s = 600,
     .settles_within_s = 300},
    {.name = "retire",
     .effect = Effect::change,
     .recovery = Recovery::repeat,
     .undo = "by set_current where the store keeps it, else no",
     .result = "secrets.SecretVersion",
     .doc = "Takes a version out of use: it can no longer be read. The current version is refused "
            "(`in_use`): make another one current first.",
     .parameters = {{name_parameter, version_parameter}},
     .resource = "name"},
    {.name = "delete",
     .effect = Effect::change,
     .recovery = Recovery::repeat,
     .undo = "by undelete where the store keeps it, else no",
     .result = "map",
     .doc = "Deletes a secret: it can no longer be read. `changed` is false where there was none; "
            "`kept_until_at` is the end of the time in which undelete brings it back, absent where "
            "it has no end.",
     .parameters = {{name_parameter}},
     .resource = "name"},
    {.name = "undelete",
     .effect = Effect::change,
     .recovery = Recovery::repeat,
     .undo = "by delete",
     .result = "secrets.SecretInfo",
     .doc = "Brings a deleted secret back with all its versions. Raises `not_found` where the "
            "store no longer has it.",
     .parameters = {{name_parameter}},
     .resource = "name"},
};

constexpr Record records[] = {
    {.name = "secrets.SecretInfo",
     .doc = "A secret without its value.",
     .fields = {{{"name", "text", "Its name."},
                 {"version", "text?", "The current version; absent where none is current."},
                 {"age_s", "number?", "Seconds since the current version was made."},
                 {"changed_at", "number?", "When it was last changed, Unix seconds."},
                 {"expires_at", "number?", "Where it has an end."},
                 {"overdue_s", "number?", "Of due: how much older it is than its rule allows."}}}},
    {.name = "secrets.SecretVersion",
     .doc = "One version of a secret without its value.",
     .fields = {{{"name", "text", "The secret's name."},
                 {"version", "text", "The version's name."},
                 {"stage", "text", "current, pending, previous or retired."},
                 {"created_at", "number", "When it was made, Unix seconds."}}}},
};

Status normalise_rules(Map& arguments) {
    const auto rules = arguments.find("rules");
    if (rules == arguments.end() || !rules->second.is_list()) return Done{};
    for (auto& rule : rules->second.as_list()) {
        if (rule.is_unknown()) continue;
        if (!rule.is_map() || !rule["prefix"].is_text() || !rule.has("older_than") ||
            rule.map().size() != 2)
            return fail("bad_argument",
                        "Each of rules must be { prefix = TEXT, older_than = "
                        "DURATION }.");
        const auto age = convert(Type::duration, rule["older_than"], "older_than of secrets:due");
        if (!age) return age.error();
        rule.set("older_than", *age);
    }
    return Done{};
}

Status normalise_secrets(const Operation& operation, Map& arguments) {
    if (const auto name = arguments.find("name"); name != arguments.end()) {
        const std::string& text = name->second.text();
        bool clean = name->second.is_unknown() || (!text.empty() && text.size() <= 200);
        for (const char letter : text) clean = clean && static_cast<unsigned char>(letter) > 0x20;
        if (!clean)
            return fail("bad_argument",
                        "name must be a secret's name: 1 to 200 bytes without "
                        "blanks and control characters.");
    }
    const auto length = arguments.find("length");
    const bool bad = length != arguments.end() && length->second.is_number() &&
                     (length->second.number() < 16 || length->second.number() > 2048);
    if (operation.name == "generate" && bad)
        return fail("bad_argument", "length of secrets:generate must be from 16 to 2048.");
    return normalise_rules(arguments);
}

}  // namespace

const Family secrets_family = {
    .name = "secrets",
    .doc =
        "One secret store that a runbook manages. Values are made, moved and opened in the host "
        "only; no result holds one.",
    .operations = operations,
    .records = records,
    .normalise = normalise_secrets,
};

}  // namespace perilune
