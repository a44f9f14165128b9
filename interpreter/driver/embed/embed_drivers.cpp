// perilune-embed-drivers OUT FOLDER FILE…: writes Lua drivers as text into a C++ file, at build
// time; FOLDER is what their names are relative to.
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>

namespace {

bool append_file(std::ofstream& out, const std::string& folder, const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    if (!file || !path.starts_with(folder + "/")) {
        std::fprintf(stderr, "perilune-embed-drivers: %s cannot be read.\n", path.c_str());
        return false;
    }
    out << "    {\"" << path.substr(folder.size() + 1) << "\",\n     \"";
    char escaped[8];
    for (const char byte : text.str()) {
        std::snprintf(escaped, sizeof escaped, "\\%03o", static_cast<unsigned char>(byte));
        out << (byte == '\n' ? "\\n\"\n     \"" : escaped);
    }
    out << "\"},\n";
    return true;
}

}  // namespace

int main(int count, char** arguments) {
    if (count < 3) {
        std::fprintf(stderr, "Usage: perilune-embed-drivers OUT FOLDER FILE...\n");
        return 2;
    }
    std::ofstream out(arguments[1]);
    out << "// Made by perilune-embed-drivers.\n"
        << "#include \"interpreter/driver/lua_drivers.h\"\n\nnamespace perilune {\n\n"
        << "const Texts& builtin_driver_texts() {\n    static const Texts texts = {\n";
    for (int i = 3; i < count; ++i)
        if (!append_file(out, arguments[2], arguments[i])) return 1;
    out << "    };\n    return texts;\n}\n\n}  // namespace perilune\n";
    out.close();
    return out ? 0 : 1;
}
