// Profiles as the command line tool and the SDKs keep them.
#include <charconv>
#include <map>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

#include "common/base/text.h"
#include "common/cloud/credential_answer.h"
#include "common/cloud/credential_kinds.h"
#include "common/cloud/role_kinds.h"
#include "common/cloud/secret_file.h"

namespace catena::cloud {
namespace {

using base::Error;
using base::ErrorKind;
using base::Result;
using nlohmann::json;

constexpr std::string_view kRoleAdvice =
    "use RRSA, the instance's RAM role or an access key for this node";

struct Cloud {
  std::string sts_url;
  Transport* transport;
  Pace* pace;
  Metadata* metadata;
};

// Empty where there is no home.
std::string file_of(const Environment& environment, const char* variable, const char* below_home) {
  std::string named = environment(variable);
  const std::string home = environment("HOME");
  return !named.empty() || home.empty() ? named : home + below_home;
}

Error not_supported(std::string_view what, std::string_view kind) {
  return Error(ErrorKind::kUnsupported,
               std::string(what) + " \"" + std::string(kind).substr(0, 60) + "\" is not supported")
      .advice(kRoleAdvice);
}

std::chrono::seconds seconds_or_hour(const std::string& text) {
  int seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  return std::chrono::seconds(error == std::errc() && seconds > 0 ? seconds : 3600);
}

// A named role that is missing is broken, not absent.
Result<Reading> ram_role_of_profile(const std::string& role, Metadata& metadata) {
  Reading reading = TRY(credentials_of_ram_role(role, metadata));
  if (!reading.credentials) {
    return Error(reading.for_now ? ErrorKind::kTryAgain : ErrorKind::kBadConfig, reading.why_not);
  }
  return reading;
}

Result<Reading> from_cli_mode(const json& profile, const Cloud& cloud) {
  const std::string mode = TRY(secret_text(profile, "mode"));
  const std::string id = TRY(secret_text(profile, "access_key_id"));
  const std::string secret = TRY(secret_text(profile, "access_key_secret"));
  if (mode == "AK") {
    return Reading::found(TRY(checked({id, secret, {}, {}})));
  }
  if (mode == "StsToken") {
    const std::string token = TRY(secret_text(profile, "sts_token"));
    return Reading::found(TRY(checked({id, secret, token, {}})));
  }
  if (mode == "EcsRamRole") {
    return ram_role_of_profile(TRY(secret_text(profile, "ram_role_name")), *cloud.metadata);
  }
  if (mode == "OIDC") {
    OidcRole role;
    role.role_arn = TRY(secret_text(profile, "ram_role_arn"));
    role.provider_arn = TRY(secret_text(profile, "oidc_provider_arn"));
    role.token_file = TRY(secret_text(profile, "oidc_token_file"));
    role.session_name = TRY(secret_text(profile, "ram_session_name"));
    if (const auto life = profile.find("expired_seconds");
        life != profile.end() && life->is_number_integer()) {
      role.duration = seconds_or_hour(life->dump());
    }
    return Reading::found(
        TRY(credentials_of_oidc_role(role, cloud.sts_url, *cloud.transport, *cloud.pace)));
  }
  return not_supported("mode", mode);
}

Result<Reading> from_cli_file(const Environment& environment, const std::string& path,
                              const Cloud& cloud) {
  if (is_on(environment("ALIBABA_CLOUD_CLI_PROFILE_DISABLED"))) {
    return Reading::absent("off by ALIBABA_CLOUD_CLI_PROFILE_DISABLED");
  }
  if (path.empty()) {
    return Reading::absent("HOME is not set");
  }
  const std::optional<std::string> text = TRY(read_secret_file(path));
  if (!text) {
    return Reading::absent("no file " + path);
  }
  const json file = TRY(parse_secret_json(*text).context(path));
  std::string wanted = environment("ALIBABA_CLOUD_PROFILE");
  if (wanted.empty()) {
    wanted = TRY(secret_text(file, "current").context(path));
  }
  const auto profiles = file.find("profiles");
  if (profiles == file.end() || !profiles->is_array()) {
    return Error(ErrorKind::kUndecodable, path + ": profiles: expected a list");
  }
  for (const json& profile : *profiles) {
    const std::string name =
        profile.is_object() ? TRY(secret_text(profile, "name").context(path)) : std::string();
    if (profile.is_object() && name == wanted) {
      return from_cli_mode(profile, cloud).context(base::join({path, "profile " + name}, ", "));
    }
  }
  return Reading::absent("no profile \"" + wanted + "\" in " + path);
}

using Section = std::map<std::string, std::string>;

// Nothing where there is no section of that name.
Result<std::optional<Section>> section_of(std::string_view text, std::string_view wanted) {
  std::optional<Section> found;
  bool inside = false;
  int number = 0;
  for (const std::string_view raw : base::split(text, '\n')) {
    ++number;
    const std::string_view line = base::trim(raw);
    if (line.empty() || line.front() == '#' || line.front() == ';') {
      continue;
    }
    const std::size_t equals = line.find('=');
    if (line.front() == '[' && line.back() == ']') {
      inside = base::trim(line.substr(1, line.size() - 2)) == wanted;
      found = inside && !found ? Section{} : found;
    } else if (equals == std::string::npos) {
      return Error(ErrorKind::kUndecodable,
                   "line " + std::to_string(number) + ": expected [section] or key = value");
    } else if (inside) {
      (*found)[std::string(base::trim(line.substr(0, equals)))] =
          base::trim(line.substr(equals + 1));
    }
  }
  return found;
}

Result<Reading> from_ini_type(Section& section, const Cloud& cloud) {
  const std::string type = section["type"];
  if (type == "access_key" || type == "sts") {
    const std::string token = type == "sts" ? section["security_token"] : std::string();
    return Reading::found(
        TRY(checked({section["access_key_id"], section["access_key_secret"], token, {}})));
  }
  if (type == "ecs_ram_role") {
    return ram_role_of_profile(section["role_name"], *cloud.metadata);
  }
  if (type == "oidc_role_arn") {
    OidcRole role{section["role_arn"], section["oidc_provider_arn"],
                  section["oidc_token_file_path"], section["role_session_name"],
                  seconds_or_hour(section["duration_seconds"])};
    return Reading::found(
        TRY(credentials_of_oidc_role(role, cloud.sts_url, *cloud.transport, *cloud.pace)));
  }
  return not_supported("type", type);
}

Result<Reading> from_ini_file(const Environment& environment, const std::string& path,
                              const Cloud& cloud) {
  if (path.empty()) {
    return Reading::absent("HOME is not set");
  }
  const std::optional<std::string> text = TRY(read_secret_file(path));
  if (!text) {
    return Reading::absent("no file " + path);
  }
  const std::string named = environment("ALIBABA_CLOUD_PROFILE");
  const std::string wanted = named.empty() ? "default" : named;
  std::optional<Section> section = TRY(section_of(*text, wanted).context(path));
  if (!section) {
    return Reading::absent("no section [" + wanted + "] in " + path);
  }
  return from_ini_type(*section, cloud).context(path + ", section [" + wanted + "]");
}

}  // namespace

CredentialKind cli_profile(Environment environment, std::string sts_url, Transport& transport,
                           Pace& pace, Metadata& metadata) {
  CredentialKind kind;
  kind.name = "CLI profile";
  const std::string path =
      file_of(environment, "ALIBABA_CLOUD_CONFIG_FILE", "/.aliyun/config.json");
  kind.files = {path};
  kind.rotates = true;
  kind.read = [environment = std::move(environment), path,
               cloud = Cloud{std::move(sts_url), &transport, &pace, &metadata}] {
    return from_cli_file(environment, path, cloud);
  };
  return kind;
}

CredentialKind ini_profile(Environment environment, std::string sts_url, Transport& transport,
                           Pace& pace, Metadata& metadata) {
  CredentialKind kind;
  kind.name = "credentials file";
  const std::string path =
      file_of(environment, "ALIBABA_CLOUD_CREDENTIALS_FILE", "/.alibabacloud/credentials");
  kind.files = {path};
  kind.rotates = true;
  kind.read = [environment = std::move(environment), path,
               cloud = Cloud{std::move(sts_url), &transport, &pace, &metadata}] {
    return from_ini_file(environment, path, cloud);
  };
  return kind;
}

}  // namespace catena::cloud
