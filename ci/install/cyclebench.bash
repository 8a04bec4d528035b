# shellcheck shell=bash
# Completion of `cyclebench` for bash. What the programs say of themselves is what is offered.
_cyclebench() {
	local word=${COMP_WORDS[COMP_CWORD]} verb=${COMP_WORDS[1]} words=
	if [ "$COMP_CWORD" -eq 1 ]; then
		words="--help --version $(cyclebench --help | awk '/^[A-Z]/ { verbs = /^Verbs:/ } verbs && /^  / { print $1 }')"
	elif [[ $word == -* ]]; then
		words=$(cyclebench "$verb" --help 2>/dev/null | grep -oE -- '--[A-Za-z][A-Za-z_-]*' | sort -u)
	elif [ "$verb" = train ] || [ "$verb" = score ]; then
		words=$(cyclebench train --list 2>/dev/null | awk '{ print $1 }')
	elif [ "$verb" = export ] && [ "${COMP_WORDS[COMP_CWORD - 1]}" = --format ]; then
		words=$(cyclebench export --help | awk '$1 == "--format" { print $2 }')
	elif [ "$verb" = lr-find ]; then
		words=$({ cyclebench lr-find --list; cyclebench train --list; } 2>/dev/null | awk '{ print $1 }')
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}
complete -o default -F _cyclebench cyclebench
