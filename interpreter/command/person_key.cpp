#include "interpreter/command/person_key.h"

#include <cstdlib>
#include <filesystem>

#include <unistd.h>

#include "interpreter/base/files.h"
#include "interpreter/base/json.h"
#include "interpreter/base/ssh_signature.h"
#include "interpreter/command/output.h"
#include "interpreter/command/stored_runs.h"
#include "interpreter/run/decision.h"
#include "interpreter/run/proof.h"
#include "interpreter/run/signed_text.h"

namespace perilune {

namespace {

constexpr std::size_t key_file_bytes_max = 16384;
constexpr double derive_limit_s = 120;

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value ? value : "";
}

bool is_public(const std::string& text) { return parse_ssh_key(text).ok(); }

// The public half of a key file: itself, the .pub beside it, or what ssh-keygen makes of it.
Result<std::string> public_line(const std::string& path) {
    const auto text = read_file(path, key_file_bytes_max);
    if (!text) return text.error();
    if (is_public(*text)) return text;
    if (const auto beside = read_file(path + ".pub", key_file_bytes_max);
        beside && is_public(*beside))
        return beside;
    const auto made = run_ssh_tool({"ssh-keygen", "-y", "-f", path}, "", derive_limit_s);
    if (!made) return made.error();
    if (made->exit_code == 0 && is_public(made->output)) return made->output;
    return fail("bad_argument", path + " is no SSH key that ssh-keygen reads: " + made->errors);
}

std::optional<PersonKey> known_key(const People& people, const std::string& line,
                                   const std::string& file) {
    const auto key = parse_ssh_key(line);
    if (!key) return std::nullopt;
    const Person* holder = people.holder(key->fingerprint);
    if (!holder) return std::nullopt;
    return PersonKey{.person = holder->id,
                     .fingerprint = key->fingerprint,
                     .line = key->type + " " + key->blob + "\n",
                     .file = file};
}

Result<std::optional<PersonKey>> named_key(const People& people, const std::string& path) {
    const auto line = public_line(path);
    if (!line) return line.error();
    auto known = known_key(people, *line, path);
    if (!known) {
        const auto key = parse_ssh_key(*line);
        return fail("bad_key", "The key " + path + " (" + key->fingerprint + ") is nobody's in " +
                                   std::string(people_file) +
                                   " of this run's code. Add it there, or give another one with "
                                   "--key FILE.");
    }
    known->asked_for = true;
    return known;
}

}  // namespace

std::string not_signed(const std::string& who) {
    return "Not signed: it counts as said by " + who +
           ", the operating system's word, which is weaker than a key. To sign it: --key FILE, "
           "or the key in ssh-agent.";
}

Result<std::optional<PersonKey>> find_person_key(const Invocation& invocation,
                                                 const People& people) {
    std::string named = invocation.get("--key");
    if (named.empty()) named = variable("PERILUNE_KEY");
    if (!people.know_keys()) {
        if (!invocation.has("--key")) return std::optional<PersonKey>();
        return fail("bad_key", "--key " + named + ": the run's code knows nobody by a key. Write " +
                                   std::string(people_file) +
                                   " beside perilune.yaml: people: { ID: { roles: […], keys: "
                                   "[…] } }.");
    }
    if (!named.empty()) return named_key(people, named);
    for (const auto& line : ssh_agent_keys())
        if (auto known = known_key(people, line, "")) return known;
    const std::string home = variable("HOME");
    for (const char* name : {"id_ed25519", "id_ed25519_sk", "id_ecdsa", "id_ecdsa_sk", "id_rsa"}) {
        const std::string file = home + "/.ssh/" + name;
        const auto line = read_file(file + ".pub", key_file_bytes_max);
        if (!line || ::access(file.c_str(), R_OK) != 0) continue;
        if (auto known = known_key(people, *line, file)) return known;
    }
    return std::optional<PersonKey>();
}

Result<Value> sign_as(const PersonKey& key, const std::string& text, bool may_ask) {
    const Asking asking = may_ask ? Asking::allowed : Asking::refused;
    const auto signature =
        key.file.empty() ? sign_by_agent(key.line, text) : sign_by_ssh(key.file, text, asking);
    if (!signature) {
        if (key.asked_for || may_ask) return signature.error();
        return Value();
    }
    return Value().set("person", key.person).set("text", text).set("signature", *signature);
}

Result<std::string> sign_given(const Invocation& invocation, const People& people,
                               const RunState& state, Command& given, bool may_ask) {
    if (!is_signed_kind(given.kind)) return std::string();
    auto key = find_person_key(invocation, people);
    if (!key) return key.error();
    if (!*key) return people.know_keys() ? not_signed(given.who) : std::string();
    Command by = given;
    by.person = (*key)->person;
    const std::string text = command_text(state, subject_of(state, by), by);
    const auto made = sign_as(**key, text, may_ask);
    if (!made) return made.error();
    if (made->is_nil())
        return not_signed(given.who) + " The key of " + by.person +
               " asks for a passphrase: give it to ssh-agent, or sign in another terminal.";
    given.body.set("signed", *made);
    return std::string();
}

Status sign_command(const Invocation& invocation, Store& store, InboxRow& command,
                    const Bundle* instead) {
    const auto body = from_canonical_json(command.body);
    if (!body) return body.error();
    const auto records = Records::of(store, command.run);
    if (!records) return records.error();
    RunState state = state_of(*records);
    if (instead) state.begin.set("bundle", instead->digest);
    const auto code =
        instead ? Result<Texts>(instead->files) : store.bundle(state.begin["bundle"].text());
    const auto people = code ? People::of(*code) : Result<People>(code.error());
    if (!people) return people.error();
    Command given{.id = command.id, .kind = command.kind, .who = command.who, .body = *body};
    given.at = command.at;
    const auto unsigned_because = sign_given(invocation, *people, state, given,
                                             invocation.input() && ::isatty(STDIN_FILENO) == 1);
    if (!unsigned_because) return unsigned_because.error();
    if (!unsigned_because->empty()) say(*unsigned_because);
    command.body = to_canonical_json(given.body);
    return Done{};
}

}  // namespace perilune
