{{/* Names, labels, and what every pod has in common. */}}
{{- define "apod.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{ else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" }}{{ end -}}
{{- end -}}

{{/* What a selector goes by: never changes while a release lives. Takes a dict of root and part. */}}
{{- define "apod.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .part }}
{{- end -}}

{{- define "apod.labels" -}}
{{ include "apod.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "apod.image" -}}
{{- $image := .Values.image -}}
{{- if $image.digest }}{{ printf "%s@%s" $image.repository $image.digest }}{{ else }}{{ printf "%s:%s" $image.repository ($image.tag | default .Chart.AppVersion) }}{{ end -}}
{{- end -}}

{{- define "apod.podSecurity" -}}
serviceAccountName: {{ .Values.serviceAccountName }}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: {{ .Values.runAsUser }}
  runAsGroup: 0
  fsGroup: {{ .Values.fsGroup }}
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end -}}

{{- define "apod.container" -}}
image: {{ include "apod.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
{{- end -}}

{{/* One variable out of a Secret. Takes a dict of name and from. */}}
{{- define "apod.secretVariable" -}}
- name: {{ .name }}
  valueFrom:
    secretKeyRef:
      name: {{ .from.secretName }}
      key: {{ .from.key }}
{{- end -}}

{{/* Where one may write: the root file system is read-only. */}}
{{- define "apod.scratchMounts" -}}
- name: tmp
  mountPath: /tmp
- name: home
  mountPath: /home/apod
{{- end -}}

{{- define "apod.scratchVolumes" -}}
- name: tmp
  emptyDir:
    sizeLimit: {{ . }}
- name: home
  emptyDir:
    sizeLimit: 64Mi
{{- end -}}

{{/* Rules of a NetworkPolicy: DNS, and the database on its port. */}}
{{- define "apod.egress" -}}
- ports:
    - port: 53
      protocol: UDP
    - port: 53
      protocol: TCP
- ports:
    - port: {{ .Values.database.port }}
      protocol: TCP
  {{- with .Values.networkPolicy.databaseTo }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}

{{/* A container that brings the tables of one data set up to date. Takes a dict of root and set. */}}
{{- define "apod.migrate" -}}
{{ include "apod.container" .root }}
command: [apod]
args: [migrate, --json]
env:
  - name: HOME
    value: /home/apod
  {{- if ne .set "apod" }}
  - name: APOD_DATASET
    value: {{ .set }}
  {{- end }}
  {{- include "apod.secretVariable" (dict "name" "APOD_DATABASE_URL" "from" .root.Values.database.write) | nindent 2 }}
resources:
  {{- toYaml .root.Values.migration.resources | nindent 2 }}
volumeMounts:
  {{- include "apod.scratchMounts" .root | nindent 2 }}
{{- end -}}
