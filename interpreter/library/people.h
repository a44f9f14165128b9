// Who is who: the people and service accounts of a team, their roles, and who may approve what.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "interpreter/base/result.h"
#include "interpreter/library/policy.h"
#include "interpreter/library/ssh_key.h"

namespace perilune {

// Where a library keeps them. It is part of what a run carries: a run is judged by the people of
// its own code.
constexpr std::string_view people_file = "people.yaml";

struct Person {
    std::string id;    // Lower-case letters, digits, - and _.
    std::string name;  // As shown; the id where none is given.
    std::vector<std::string> roles;
    std::vector<SshKey> keys;  // By which this person signs.
    std::string owner;         // Of a service account: the person who answers for it.
    Place place = {};
};

class People {
public:
    // Reads `people:` of a file such as people.yaml. Refuses one that anybody may change.
    static Result<People> load(const std::string& path, std::string_view shown);
    static Result<People> parse(std::string_view text, std::string_view shown);
    // Those of a library or of a run's bundle; nobody where it has no such file.
    static Result<People> of(const Library& library);
    static Result<People> of(const Texts& bundle);

    // The entry of an id in any letter case; null where there is none.
    const Person* find(std::string_view id) const;
    // The id of the person who acts under this id: of a service account, its owner's.
    std::string person_behind(std::string_view id) const;
    bool has_role(std::string_view id, std::string_view role) const;
    bool any() const { return !people_.empty(); }
    // Whether anybody is known by a key. Where nobody is, the operating system's word must do.
    bool know_keys() const;
    // Whose key this is; null where it is nobody's.
    const Person* holder(std::string_view fingerprint) const;
    // The keys as ssh-keygen -Y verify takes them (ssh-keygen(1), ALLOWED SIGNERS).
    std::string allowed_signers() const;

    // Whether this person (never a service account) may give one of the approvals that the rule
    // asks for. The error says why not (code "not_allowed"). `asked_not_starter`: the runbook
    // itself excludes the starter.
    Status may_approve(const ApprovalRule& rule, std::string_view id, std::string_view starter,
                       bool asked_not_starter = false) const;
    // The people who may and can (with a key, where keys are known), each once: fewer than
    // `rule.count` means the run would wait for ever.
    std::vector<std::string> eligible(const ApprovalRule& rule, std::string_view starter,
                                      bool asked_not_starter = false) const;

    const std::map<std::string, Person>& all() const { return people_; }

private:
    std::map<std::string, Person> people_;
};

}  // namespace perilune
