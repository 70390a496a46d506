import { defineDetector } from '../detector.ts'
import { word } from '../hints.ts'

export default defineDetector({
  name: '.NET',
  kind: 'language',
  order: 25,
  example: { 'shop.csproj': '<Project Sdk="Microsoft.NET.Sdk.Web" />' },
  detect: (folder) => {
    const projects = folder.files.filter((path) => /\.(cs|fs|vb)proj$/.test(path))
    const solution = folder.files.find((path) => /^[^/]+\.slnx?$/.test(path))
    const isHere = solution ?? projects.find((path) => !path.includes('/'))
    if (!isHere) return null
    const tools = ['dotnet']
    const web = projects.find(
      (path) => folder.read(path).includes('Microsoft.NET.Sdk.Web') && !/test/i.test(path),
    )
    const hasTests = projects.some((path) => folder.read(path).includes('Microsoft.NET.Test.Sdk'))
    const name = web
      ?.split('/')
      .at(-1)
      ?.replace(/\.\w+proj$/, '')
    const publish = web ? `dotnet publish ${word(web)} --configuration Release --output out` : null
    return {
      steps: [
        { name: 'build', run: publish ?? 'dotnet build --configuration Release', tools },
        ...(hasTests ? [{ name: 'test', run: 'dotnet test', tools }] : []),
      ],
      services: web
        ? [
            {
              name: 'web',
              run: `dotnet ${word(`out/${name}.dll`)} --urls http://127.0.0.1:$PORT`,
            },
          ]
        : [],
      found: [`${isHere}: .NET${web ? `; the web project is ${web}` : ', without a web project'}.`],
    }
  },
})
