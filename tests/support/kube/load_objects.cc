#include "tests/support/kube/load_objects.h"

#include <filesystem>
#include <set>
#include <utility>

#include "common/base/fields.h"
#include "common/base/file.h"
#include "common/kube/objects.h"

namespace catena::test {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMostFile = std::size_t{64} << 20U;

base::Result<int> load_file(const std::string& path, ObjectStore& objects) {
  const std::string text = TRY(base::read_file(path, kMostFile));
  Json document = TRY(base::parse_json(text, kMostFile));
  const Json* items = kube::find_at(document, {"items"});
  Json list = items == nullptr ? Json::array({std::move(document)}) : *items;
  int count = 0;
  for (Json& object : list) {
    const std::string name = kube::text_at(object, {"apiVersion"}) + " " +
                             kube::text_at(object, {"kind"}) + " " + kube::name_of(object);
    if (kube::name_of(object).empty() || objects.put(std::move(object)).is_null()) {
      return base::Error(base::ErrorKind::kBadConfig,
                         "object " + std::to_string(count + 1) + " (" + name +
                             "): no name, or a kind that this server does not know");
    }
    ++count;
  }
  return count;
}

}  // namespace

base::Result<int> load_objects(const std::string& directory, ObjectStore& objects) {
  std::error_code error;
  std::set<std::string> paths;
  for (std::filesystem::directory_iterator entry(directory, error);
       !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    if (entry->path().extension() == ".json") {
      paths.insert(entry->path().string());
    }
  }
  if (error) {
    return base::Error::from_errno(error.value(), "list " + directory);
  }
  int count = 0;
  for (const std::string& path : paths) {
    count += TRY(load_file(path, objects).context(path));
  }
  return count;
}

std::string kubeconfig_of(const kube::Config& config) {
  std::string text =
      "apiVersion: v1\n"
      "kind: Config\n"
      "current-context: test\n"
      "contexts:\n"
      "- name: test\n"
      "  context:\n"
      "    cluster: test\n"
      "    user: test\n"
      "clusters:\n"
      "- name: test\n"
      "  cluster:\n"
      "    server: " +
      config.server + "\n";
  if (!config.authority.file.empty()) {
    text += "    certificate-authority: " + config.authority.file + "\n";
  }
  text += "users:\n- name: test\n";
  std::string user;
  if (!config.certificate.file.empty()) {
    user += "    client-certificate: " + config.certificate.file + "\n";
    user += "    client-key: " + config.key.file + "\n";
  }
  if (!config.token.empty()) {
    user += "    token: " + config.token + "\n";
  }
  return text + (user.empty() ? "  user: {}\n" : "  user:\n" + user);
}

}  // namespace catena::test
