{{- /* What Kubernetes would take and weir could not live with: said before anything is installed. */ -}}

{{- /* Seconds of a time as the conf writes it, rounded up; 0 for off. */ -}}
{{- define "weir.seconds" -}}
{{- $text := toString . -}}
{{- $number := float64 (regexFind "^[0-9.]+" $text) -}}
{{- $unit := regexFind "[a-z]+$" $text -}}
{{- $factor := get (dict "ms" 0.001 "s" 1.0 "m" 60.0 "h" 3600.0 "d" 86400.0) $unit | default 1.0 -}}
{{- ceil (mulf $number $factor) | int -}}
{{- end }}

{{- define "weir.loopback" -}}
{{- if regexMatch "^(127\\.|localhost:|\\[::1\\]|unix:)" . }}yes{{ end -}}
{{- end }}

{{- define "weir.check.ports" -}}
{{- $http := toString (int .Values.ports.http) -}}
{{- $found := list -}}
{{- $reached := false -}}
{{- range .Values.conf.listeners -}}
{{- $found = append $found .address -}}
{{- if and (eq (regexFind "[0-9]+$" .address) $http) (not (include "weir.loopback" .address)) }}{{ $reached = true }}{{ end -}}
{{- end -}}
{{- if not $reached -}}
{{- fail (printf "ports.http is %s, and no listener of conf.listeners has that port on an address that other pods reach (they are: %s)" $http (join ", " $found)) -}}
{{- end -}}
{{- $admin := ((.Values.conf.admin | default dict).address) | default "127.0.0.1:9464" -}}
{{- if include "weir.loopback" $admin -}}
{{- fail (printf "conf.admin.address is %s, where the kubelet's probes do not get to: write 0.0.0.0:%v, and a token or token: off" $admin (int .Values.ports.admin)) -}}
{{- end -}}
{{- if ne (regexFind "[0-9]+$" $admin) (toString (int .Values.ports.admin)) -}}
{{- fail (printf "ports.admin is %v, and conf.admin.address is %s: both must have the same port" (int .Values.ports.admin) $admin) -}}
{{- end -}}
{{- end }}

{{- define "weir.check.drain" -}}
{{- $timeout := ((.Values.conf.limits | default dict).drain_timeout) | default "10m" -}}
{{- if lt (int .Values.drainSeconds) (int (include "weir.seconds" $timeout)) -}}
{{- fail (printf "drainSeconds is %v, and conf.limits.drain_timeout is %v: Kubernetes would kill weir while its streams run. Make drainSeconds at least %s, or drain_timeout shorter" (int .Values.drainSeconds) $timeout (include "weir.seconds" $timeout)) -}}
{{- end -}}
{{- end }}

{{- define "weir.check.replicas" -}}
{{- if gt (int .Values.replicas) 1 -}}
{{- $budgeted := list -}}
{{- range .Values.conf.keys }}{{ if .budgets }}{{ $budgeted = append $budgeted (printf "key %s" (toString .name)) }}{{ end }}{{ end -}}
{{- if (((.Values.conf.defaults).keys).budgets) }}{{ $budgeted = append $budgeted "conf.defaults.keys" }}{{ end -}}
{{- range .Values.conf.groups }}{{ if .budgets }}{{ $budgeted = append $budgeted (printf "group %s" (toString .name)) }}{{ end }}{{ end -}}
{{- if and $budgeted (not ((.Values.conf.state).shared)) -}}
{{- fail (printf "replicas is %v and %s has budgets: without conf.state.shared each pod would let the whole budget through. Name a Redis there (state: {shared: \"redis://...\"}), or keep replicas: 1" (int .Values.replicas) (join ", " $budgeted)) -}}
{{- end -}}
{{- if .Values.persistence.existingClaim -}}
{{- fail (printf "replicas is %v and persistence.existingClaim names one volume: two weirs cannot write one ledger" (int .Values.replicas)) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "weir.checks" -}}
{{- include "weir.check.ports" . -}}
{{- include "weir.check.drain" . -}}
{{- include "weir.check.replicas" . -}}
{{- end }}
