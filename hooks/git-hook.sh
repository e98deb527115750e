#!/bin/sh
#
# A git hook managed by agentops, written by `agentops hooks install`. Do not edit: the next install replaces it.
#
# This form is for a binary whose path has spaces or is too long to be the interpreter of a script. It starts that
# binary with the path of this file and git's arguments; the name of the file tells which hook it is. The hook checks
# what is about to happen. It never changes your files, your index or your commits.

binary='{binary}'

case ${0##*/} in
    pre-receive) install='agentops hooks install --server' ;;
    reference-transaction) install='agentops hooks install --strict' ;;
    *) install='agentops hooks install' ;;
esac

if [ -f "$binary" ] && [ -x "$binary" ]; then
    exec "$binary" --git-hook "$0" "$@"
fi

if found=$(command -v agentops) && [ -x "$found" ]; then
    printf '%s\n' "agentops: $binary is missing; the hook ${0##*/} uses $found instead." >&2
    printf '%s\n' "hint: \`$install\` writes that place into the hooks." >&2
    exec "$found" --git-hook "$0" "$@"
fi

printf '%s\n' "agentops: the hook ${0##*/} cannot run, because $binary is missing and PATH has no agentops." >&2
printf '%s\n' "hint: install agentops again at that place, or run \`$install\` with another binary." >&2
printf '%s\n' "hint: without any agentops at hand, delete $0" >&2
exit 1
