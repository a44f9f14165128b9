// The Lua files of a library as text alone says what they are: parsed once each, never executed.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "interpreter/library/library.h"
#include "interpreter/library/parameters.h"
#include "interpreter/lua/syntax/diagnose.h"
#include "interpreter/lua/syntax/facts.h"

namespace perilune {

struct SourceFile {
    std::string path;  // In the library.
    syntax::Tree tree;
    syntax::Scopes scopes;
    syntax::Facts facts;  // Points into the tree.
};

class Sources {
public:
    explicit Sources(const Library& library) : library_(library) {}

    const Library& library() const { return library_; }
    // Null where the file cannot be read or parsed: the findings then say why, once.
    const SourceFile* get(const std::string& path);
    // The file and every module it requires, directly or by way of others.
    std::vector<const SourceFile*> with_modules(const std::string& path);

    std::vector<syntax::Diagnostic> findings;

private:
    const Library& library_;
    std::map<std::string, std::unique_ptr<SourceFile>> files_;
};

// The path of the module that `require(name)` loads, as the worker finds it; nothing where there
// is none.
std::optional<std::string> find_module(const Library& library, std::string_view name);
std::vector<std::string> module_names(const Library& library);

// What a runbook's file says of its parameters; nothing where only executing it would tell.
std::optional<Result<ParameterDeclarations>> declared_parameters(const SourceFile& file);
// The text of a key such as `summary`; empty where the file alone does not say it.
std::string declared_text(const SourceFile& file, std::string_view key);

}  // namespace perilune
