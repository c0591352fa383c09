{{/* One installation a cluster: a node has one agent, the CRD one owner. So names are fixed. */}}

{{- define "pcapper.selectorLabels" -}}
app.kubernetes.io/name: pcapper
app.kubernetes.io/component: agent
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}

{{/* Of every object but the pods: those keep theirs over an upgrade where nothing else changes. */}}
{{- define "pcapper.labels" -}}
app.kubernetes.io/name: pcapper
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "pcapper.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "pcapper.agentUser" -}}
system:serviceaccount:{{ .Release.Namespace }}:pcapper-agent
{{- end }}

{{/* HOST:PORT, IPv6 in brackets. */}}
{{- define "pcapper.httpPort" -}}
{{ regexFind "[0-9]+$" .Values.settings.httpAddress }}
{{- end }}

{{- define "pcapper.httpHost" -}}
{{ regexReplaceAll "\\]?:[0-9]+$" .Values.settings.httpAddress "" | trimPrefix "[" }}
{{- end }}

{{/* Where kubelet, on the same network as the agent, asks: every address means the loopback too. */}}
{{- define "pcapper.probeHost" -}}
{{- $host := include "pcapper.httpHost" . -}}
{{- if eq $host "0.0.0.0" -}} 127.0.0.1
{{- else if eq $host "::" -}} ::1
{{- else -}} {{ $host }}
{{- end -}}
{{- end }}

{{- define "pcapper.podSecurityContext" -}}
{{- $context := dict "seccompProfile" (dict "type" "RuntimeDefault") -}}
{{- if .Values.openshift.scc -}}
{{- $_ := set $context "seLinuxOptions" (dict "type" "spc_t") -}}
{{- end -}}
{{ mergeOverwrite $context (deepCopy (.Values.podSecurityContext | default dict)) | toYaml }}
{{- end }}

{{/* The value is in the name: no PriorityClass may change its value, so an upgrade to another makes another. */}}
{{- define "pcapper.priorityClassName" -}}
{{- if .Values.priorityClassName -}}
{{ .Values.priorityClassName }}
{{- else if .Values.priorityClass.create -}}
pcapper-{{ int64 .Values.priorityClass.value }}
{{- end -}}
{{- end }}
