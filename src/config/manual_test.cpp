// The manual, the man page and the packaged examples agree with the loader.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "config/load.hpp"
#include "config/secrets.hpp"

namespace michi::config {
namespace {

std::string text_of_file(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(Manual, DescribesEveryKey) {
  const std::string root = MICHI_VECTORS "/../..";
  for (const std::string& manual : {root + "/docs/operator/configuration.md", root + "/docs/man/michi.toml.5"}) {
    std::string text = text_of_file(manual);
    std::erase(text, '\\');  // a man page writes its hyphens with one
    ASSERT_FALSE(text.empty()) << manual;
    const bool page = manual.ends_with(".5");
    for (const std::string& key : known_keys()) {
      const bool table = key.find('.') == std::string::npos;
      const std::string name = table ? "[" + key : key.substr(key.rfind('.') + 1);
      const bool found = table || !page ? text.find(table ? name : "`" + name + "`") != std::string::npos
                                        : text.find(".B " + name) != std::string::npos ||
                                              text.find(".BR " + name) != std::string::npos;
      EXPECT_TRUE(found) << manual << " does not mention " << key;
    }
  }
}

TEST(Examples, AreAccepted) {
  const std::string folder = MICHI_VECTORS "/../../packaging/examples/";
  Environment environment;
  environment.read_file = [](const std::string& path) -> Result<std::string, std::string> {
    const std::string text = text_of_file(path);
    if (text.empty()) return Fault<std::string>("no such file");
    return text;
  };
  for (std::string_view name : {"michi.toml", "single.toml", "flets-square.toml", "two-isps.toml", "office.toml"}) {
    const std::string path = folder + std::string(name);
    const auto result = load(text_of_file(path), path, environment);
    ASSERT_TRUE(result) << to_text(result.error().front());
    EXPECT_FALSE(result->config.uplinks.empty()) << path;
    for (const Diagnostic& warning : result->warnings)
      EXPECT_NE(warning.severity, Severity::Warning) << to_text(warning);
  }
}

TEST(Examples, HaveTheirSecrets) {
  const std::string path = MICHI_VECTORS "/../../packaging/examples/secrets.toml";
  const auto result = load_secrets(text_of_file(path), path, nullptr);
  ASSERT_TRUE(result) << to_text(result.error().front());
  EXPECT_EQ(result->secrets.size(), 2U);
}

}  // namespace
}  // namespace michi::config
