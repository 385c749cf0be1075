#!/bin/sh
# Brings what the page tests need: a browser and a Chinese font. Root on Debian installs them; elsewhere
# the browser that is there is used, or the page tests skip and say so.
set -eu
have_browser() { command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1 || command -v google-chrome >/dev/null 2>&1; }
have_font() { command -v fc-list >/dev/null 2>&1 && [ -n "$(fc-list :lang=zh 2>/dev/null)" ]; }
if have_browser && have_font; then exit 0; fi
if [ "$(id -u)" = 0 ] && [ -f /etc/debian_version ] && command -v apt-get >/dev/null 2>&1; then
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-noto-cjk fontconfig >/dev/null && exit 0
fi
echo "!! no chromium with a Chinese font here: the page tests will be SKIPPED (install chromium and fonts-noto-cjk)" >&2
