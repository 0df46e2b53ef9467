#!/usr/bin/env bash
# npm 11.19.1: "npm install ioredis typeorm" installs ioredis 5 although its latest is 6, and says nothing.
#
# Valid input: two packages by name in an empty project. typeorm 1.1.1 has ioredis ^5 as an *optional* peer. Seen: exit code 0, no
# warning, and package.json gets "ioredis": "^5.11.1", in either order. Alone, the same command installs 6. npm's documentation
# says that a bare name stands for <name>@<tag>, with the tag "latest"; written out like that, npm refuses with ERESOLVE.
# So an app that never uses TypeORM's cache on Redis gets an older major of its own dependency, and the lines of a tutorial that
# name two packages give other versions than the same lines one by one.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y > /dev/null
npm install --silent --no-audit --no-fund --ignore-scripts npm@11.19.1 > /dev/null 2>&1
npm() { node "$folder/node_modules/npm/bin/npm-cli.js" "$@"; }

# Prints the exit code, what is in package.json, and what was said about it.
installed() {
  local project code=0
  project=$(mktemp -d -p "$folder")
  cd "$project"
  npm init -y > /dev/null 2>&1
  npm install --no-audit --no-fund --ignore-scripts "$@" > said 2>&1 || code=$?
  echo "$code $(node -p "require('./package.json').dependencies?.ioredis") $(grep -oE 'ERESOLVE|ioredis' said | sort -u | tr '\n' ' ')"
}
alone=$(installed ioredis)
beside=$(installed ioredis typeorm@1.1.1)
before=$(installed typeorm@1.1.1 ioredis)
tagged=$(installed ioredis@latest typeorm@1.1.1)
printf '%s\n' "alone:  $alone" "beside: $beside" "before: $before" "tagged: $tagged"
if [[ $alone == '0 ^6.'* && $beside =~ ^0\ \^5\.[0-9.]+\ $ && $before == "$beside" && $tagged == '1 undefined '*ERESOLVE* ]]; then
  echo 'As described.'
else
  echo 'This has changed.'
  exit 1
fi
